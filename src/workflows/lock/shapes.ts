/** Whether what others sent to a lock has its shape: anybody may signal, update or start a workflow, with anything. */
import type { LockAsk } from '../../activities/hold/contract';
import { emptyLock, type LockState } from './state';

type Shape = Record<string, unknown>;
const isObject = (v: unknown): v is Shape => typeof v === 'object' && v !== null && !Array.isArray(v);
const isText = (v: unknown): v is string => typeof v === 'string' && v !== '' && v.length <= 2_000;
const isNamed = (v: unknown): boolean => isObject(v) && isText(v['id']) && typeof v['name'] === 'string';
const isTime = (v: unknown): boolean => typeof v === 'number' && Math.abs(v) < 8.64e15;
const isUses = (v: unknown): boolean => isObject(v) && Object.values(v).every((u) => u === 'x' || u === 's');
const isModel = (v: unknown): boolean =>
  isObject(v) && isText(v['connection']) && isNamed(v['workspace']) && isNamed(v['model']);
const isParty = (v: unknown): boolean =>
  isObject(v) &&
  isText(v['workflowId']) &&
  isText(v['firstRunId']) &&
  isTime(v['since']) &&
  isText(v['connection']) &&
  isUses(v['files']) &&
  typeof v['whole'] === 'boolean' &&
  typeof v['holds'] === 'boolean';
const optional = (v: unknown, is: (v: unknown) => boolean): boolean => v === undefined || v === null || is(v);
const isList = (v: unknown, is: (v: unknown) => boolean): boolean => Array.isArray(v) && v.every(is);

/** Whether something that a caller sent is an ask. */
export function isAsk(v: unknown): v is LockAsk {
  return (
    isObject(v) &&
    isText(v['id']) &&
    isText(v['workflowId']) &&
    isText(v['firstRunId']) &&
    isText(v['runId']) &&
    isModel(v['model']) &&
    isUses(v['files']) &&
    typeof v['whole'] === 'boolean' &&
    optional(v['priority'], (p) => p === 'high' || p === 'normal' || p === 'low') &&
    (v['seen'] === undefined || isList(v['seen'], isParty))
  );
}

/** Whether something is a release. */
export function isRelease(v: unknown): v is { workflowId: string; firstRunId: string; ids: string[] } {
  return isObject(v) && isText(v['workflowId']) && isText(v['firstRunId']) && isList(v['ids'], isText);
}

/** The state that a lock was continued with; anything else begins as an empty lock. */
export function stateFrom(v: unknown): LockState {
  const entry = (e: unknown): boolean =>
    isAsk(e) &&
    isTime((e as unknown as Shape)['since']) &&
    ['filesAt', 'wholeSince', 'wholeAsked', 'wholeAt', 'heldSince', 'deadAt'].every((key) =>
      optional((e as unknown as Shape)[key], isTime),
    ) &&
    optional((e as unknown as Shape)['warnings'], (w) => isList(w, isText));
  const good =
    isObject(v) &&
    isList(v['entries'], entry) &&
    typeof v['count'] === 'number' &&
    isList(v['gone'], isText) &&
    isList(v['notes'], isText);
  return good ? (v as unknown as LockState) : emptyLock();
}
