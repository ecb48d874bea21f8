'use strict';
const { upsertMemo } = require('@temporalio/workflow');

// A workflow interceptor that leaves a trace.
exports.interceptors = () => ({
  inbound: [
    {
      execute: (input, next) => {
        upsertMemo({ seenByInterceptor: true });
        return next(input);
      },
    },
  ],
});
