/** Stands in for the integrations: what it does is in `source`. Only the client is tested with it. */
import { ApplicationFailure } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  defineQuery,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertMemo,
} from '@temporalio/workflow';
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

/** A run that says in its details which lock it waits for; `target` is the lock's ID. */
export async function exportDownload(input: { target: string }): Promise<IntegrationResult> {
  setCurrentDetails(`- Now: **waiting for model**. Who holds and waits now: workflow \`${input.target}\``);
  await condition(() => false);
  return DONE;
}

/** A lock: answers as the real one does to a run that asks for its own part. */
export async function anaplanLock(view: object): Promise<void> {
  setHandler(defineQuery<object, [string?]>('state'), (workflowId) => ({
    holders: [],
    waiting: [],
    notes: [],
    ...(workflowId === undefined ? {} : { run: view }),
  }));
  await condition(() => false);
}
