import { sideBySide } from '../support/processes';
import { beforeReadRequest, beforeStart, beforeStartAndBack, whilePolling } from './cut-off/starts';
import { inDownload, inDump, inExport, inPages } from './cut-off/targets';
import {
  beforeComplete,
  cancelledMeanwhile,
  resetMeanwhile,
  terminatedMeanwhile,
  twoUploads,
} from './cut-off/uploads';

import { withChunk, withStart } from './cut-off/unplugged';

/** Two processes a case. */
const AT_ONCE = 6;

/** What a user would lose: a file that is what its run says, and the certainty that an action ran once. */
describe('a worker that is cut off from Temporal while Anaplan stays in its reach', () => {
  sideBySide(
    {
      'sends no byte more of its upload once another one goes on, nor into the next upload': twoUploads,
      'sends no byte into the next upload when its own run is cancelled': cancelledMeanwhile,
      'sends no byte into the next upload when its own run is terminated': terminatedMeanwhile,
      'sends no byte into the upload of its run after a reset': resetMeanwhile,
      'starts no action a second time': beforeStart,
      'starts no import a second time when Temporal is back': beforeStartAndBack,
      'completes no upload that another one has completed': beforeComplete,
      'makes no read request that nobody deletes': beforeReadRequest,
      'leaves a running task to another one that sees its end': whilePolling,
      'writes no byte more to the target of an export': inExport,
      'writes no byte more to a compressed target': inDownload,
      'writes no row of a view twice': inPages,
      'starts no action by a request that its machine kept while it had no network': withStart,
      'sends no chunk that its machine kept while it had no network': withChunk,
      'leaves the dumps of a process to another one, whole': inDump,
    },
    600_000,
    AT_ONCE,
  );
});
