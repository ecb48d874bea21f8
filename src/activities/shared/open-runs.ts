/** Whether runs are open: only the Temporal server knows. */
import { getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/common';

/** Whether a run has not closed: one that is paused has not. Another run of the same workflow ID is not this one. */
export async function isOpen(workflowId: string, firstRunId: string): Promise<boolean> {
  try {
    const { raw } = await getClient().workflow.getHandle(workflowId).describe();
    const info = raw.workflowExecutionInfo;
    if (info?.firstRunId && info.firstRunId !== firstRunId) return false;
    return info?.closeTime === undefined || info.closeTime === null;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
