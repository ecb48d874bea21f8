/** Whether the Temporal server still waits for the attempt that runs here. */
import { activityInfo, getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/common';

/**
 * Asks the server for the attempt that it waits for. A task given to a frozen process is taken up when the process wakes:
 * such an attempt looks new to its own clock, and another one may long be at work.
 *
 * @returns undefined where the server cannot be asked
 */
export async function isCurrentAttempt(): Promise<boolean | undefined> {
  const { workflowExecution, activityId, attempt } = activityInfo();
  if (workflowExecution === undefined) return undefined;
  const { workflowId, runId } = workflowExecution;
  try {
    const { raw } = await getClient().workflow.getHandle(workflowId, runId).describe();
    const pending = (raw.pendingActivities ?? []).find((a) => a.activityId === activityId);
    return pending?.attempt === attempt;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    if (error instanceof Error) return undefined;
    throw error;
  }
}
