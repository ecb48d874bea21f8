'use strict';
const { DefaultFailureConverter } = require('@temporalio/common');

// Messages and stack traces of failures become payloads, which a codec encrypts.
exports.failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
