/** Stands in for the integrations: what it does is in `source`. Only the client is tested with it. */
import { ApplicationFailure } from '@temporalio/common';
import { CancellationScope, condition, isCancellation, upsertMemo } from '@temporalio/workflow';
import type { IntegrationResult, UploadImportInput } from '../../src/contracts';

const DONE: IntegrationResult = { outcome: 'succeeded', transfers: [], dumps: [] };

const FAILED: IntegrationResult = {
  outcome: 'failed',
  transfers: [],
  dumps: [],
  failure: { type: 'RowsRejected', message: 'Two rows', remedy: 'Correct them.', effects: 'applied' },
};

export async function uploadImport(input: UploadImportInput): Promise<IntegrationResult> {
  if (input.source === 'fail') {
    throw ApplicationFailure.nonRetryable('Two rows were rejected.', 'RowsRejected', FAILED);
  }
  if (input.source === 'fail-foreign') throw ApplicationFailure.nonRetryable('odd', 'Elsewhere');
  if (input.source === 'wait') {
    try {
      await condition(() => false);
    } catch (error) {
      if (!isCancellation(error)) throw error;
      await CancellationScope.nonCancellable(async () => {
        upsertMemo({ anaplanResult: { ...DONE, outcome: 'cancelled' } satisfies IntegrationResult });
      });
      throw error;
    }
  }
  return DONE;
}

export async function runAction(): Promise<IntegrationResult> {
  return DONE;
}
