/** From what a call carries: the bounds and words of its attempts, and the model as the API client wants it. */
import type { ModelRef } from '../../anaplan';
import type { Call, ModelContext } from './contract';
import type { WorkSpec } from './work';

/** Bounds of calls that concern no model: where something is unavailable, the run asks again. */
export const LIGHT_BOUNDS = { modelUnavailable: 60_000, unavailable: 60_000 };

/** What a call's waits are bounded by, and the words that its messages start with. */
export function specOf(call: Call, what: string, timing: WorkSpec['timing']): WorkSpec {
  const spec: WorkSpec = { what, bounds: call.bounds, timing, share: `${call.connection}/${call.model.id}` };
  if (call.leftMs !== undefined) spec.leftMs = call.leftMs;
  if (call.deadlineName !== undefined) spec.deadlineName = call.deadlineName;
  return spec;
}

/** As {@link specOf}, for calls about a task, which runs on whatever they are answered. */
export function taskSpecOf(call: Call, what: string, timing: WorkSpec['timing']): WorkSpec {
  return { ...specOf(call, what, timing), task: true };
}

/** The model of a call, as the API client wants it. */
export function refOf(call: Pick<ModelContext, 'workspace' | 'model'>): ModelRef {
  return { workspaceId: call.workspace.id, modelId: call.model.id };
}
