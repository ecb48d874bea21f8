/** Deepest level of an input at which a field can be left out: `uploads[0].source`. */
const DEPTH = 4;

/** Keys here are names of actions, not fields: a null is no limit, and leaving it out would let `*` count. */
const MAPS = new Set(['acceptRejections']);

/**
 * An input without what its caller left out. Callers in other languages serialise an absent field as `null`, and JSON has
 * no `undefined`: both mean that the field is not there. What stands in a list, or by name in `acceptRejections`, stays.
 */
export function withoutAbsent(value: unknown, depth = DEPTH): unknown {
  if (depth === 0) return value;
  if (Array.isArray(value)) return value.map((entry) => withoutAbsent(entry, depth - 1));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== undefined && v !== null)
      .map(([k, v]) => [k, MAPS.has(k) ? v : withoutAbsent(v, depth - 1)]),
  );
}

/** Whether a value is what JSON calls an object: no list, no bytes, no date. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return Object.prototype.toString.call(value) === '[object Object]';
}

/** Whether a JSON value has more levels than so many. Walks level by level: recursion would exhaust the stack. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > levels) return true;
    level = level.flatMap((at) => (typeof at === 'object' && at !== null ? Object.values(at) : []));
  }
  return false;
}
