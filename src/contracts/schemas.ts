/**
 * The zod schemas of the inputs. Used by the client before it starts a run, and again by a run's first activity, because
 * callers in other languages skip the client. Workflows must not import this file: zod costs each cached run 0.84 MB.
 */
import { z } from 'zod';
import { isJsonObject, withoutAbsent } from './absent';
import { ID_SHAPES } from './ids';
import { writtenPath, type InputIssue } from './issues';
import { nearest } from './near';
import type { FieldKind, KindValues } from './fields';
import type { AcceptRejections, CheckHeader, IntegrationInputs, IntegrationName } from './inputs';
import type { RunPriority } from './inputs';
import { INTEGRATIONS } from './inputs';
import { fieldsOf } from './integrations';
import { durationMs, LIMITS, timeoutMs } from './limits';

/** Outcome of a check: the typed input, or everything that is wrong with it. */
export type CheckedInput<N extends IntegrationName> =
  { ok: true; input: IntegrationInputs[N] } | { ok: false; issues: InputIssue[] };

const text = z
  .string('must be a text')
  .refine((value) => value.trim() !== '', { message: 'must not be empty', abort: true })
  .refine((value) => !value.includes('\0'), { message: 'must not hold a NUL character' })
  // UTF-8 has no half of a surrogate pair: two texts that differ in one would be sent as the same.
  .refine((value) => !/\p{Surrogate}/u.test(value), { message: 'must be well-formed Unicode' });

/** `id:` and `name:` force one reading; nothing after them names nothing. */
const object = text.refine((value) => !/^(id|name):\s*$/.test(value), {
  message: 'must name an object after "id:" or "name:"',
});

const flag = z.boolean('must be true or false');

const duration = z
  .custom<number | string>(
    (value) => (typeof value === 'number' || typeof value === 'string') && durationMs(value) !== undefined,
    {
      message: 'must be a duration: milliseconds as a number, or a text such as "30s", "5 min", "12h", "1d"',
      abort: true,
    },
  )
  .refine((value) => timeoutMs(value) !== undefined, { message: 'must be at most "365d"' });

const timeouts = z.strictObject({
  lock: duration.exactOptional(),
  modelUnavailable: duration.exactOptional(),
  unavailable: duration.exactOptional(),
  task: duration.exactOptional(),
  transfer: duration.exactOptional(),
  cancel: duration.exactOptional(),
});

const mappingParameter = z.strictObject({ entityType: text, entityName: text });

const COUNT = 'must be true, false, or a number of rows (0, 1, 2, ...)';

function isRejectionLimit(value: unknown): value is boolean | number {
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isInteger(value) && value >= 0);
}

// A union of zod's own would report every branch that did not match; a person needs the one sentence.
const acceptRejections = z.custom<AcceptRejections>().check((ctx) => {
  const value: unknown = ctx.value;
  if (isRejectionLimit(value)) return;
  const add = (path: string[], message: string): void => {
    ctx.issues.push({ code: 'custom', input: value, path, message });
  };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return add([], `${COUNT}, or for a process an object of these by action name`);
  }
  const entries = Object.entries(value);
  if (entries.length === 0) add([], 'must name at least one action, or "*" for all');
  for (const [action, limit] of entries) {
    if (action.trim() === '') add([action], 'must name an action');
    else if (!isRejectionLimit(limit)) add([action], COUNT);
  }
});

const compress = z.custom<'gzip' | boolean>(
  (value) => typeof value === 'boolean' || value === 'gzip',
  'must be "gzip", true or false',
);

const priority = z.custom<RunPriority>(
  (value) => value === 'high' || value === 'normal' || value === 'low',
  'must be "high", "normal" or "low"',
);

const checkHeader = z.custom<CheckHeader>(
  (value) => value === 'fail' || value === 'warn' || value === 'off',
  'must be "fail", "warn" or "off"',
);

const parallelChunks = z.custom<number>(
  (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= LIMITS.maxParallelChunks,
  `must be a whole number from 1 to ${LIMITS.maxParallelChunks}`,
);

/** A schema for each kind of field. */
export const KINDS = {
  object,
  text,
  path: text,
  flag,
  timeouts,
  parallelChunks,
  compress,
  checkHeader,
  priority,
  acceptRejections,
  mappingParameters: z.array(mappingParameter, 'must be a list'),
  uploads: z.array(z.strictObject({ file: object, source: text }), 'must be a list'),
  downloads: z.array(z.strictObject({ export: object, target: text }), 'must be a list'),
} satisfies { [K in FieldKind]: z.ZodType<KindValues[K]> };

/** Unknown keys are refused: a misspelt option that is silently ignored loses data. */
function schemaOf(integration: IntegrationName): z.ZodObject {
  const shape = Object.entries(fieldsOf(integration)).map(([name, { kind, required }]) => {
    const schema: z.ZodType = KINDS[kind];
    return [name, required ? schema : schema.exactOptional()] as const;
  });
  return z.strictObject(Object.fromEntries(shape));
}

/** One schema per integration, made of its fields: that they are those of its input, the compiler checks. */
export const SCHEMAS = Object.fromEntries(INTEGRATIONS.map((name) => [name, schemaOf(name)])) as {
  readonly [N in IntegrationName]: z.ZodObject;
};

/** The keys a schema knows at a path, to say which one was probably meant. */
function knownKeys(schema: unknown, path: readonly PropertyKey[]): string[] {
  let at: unknown = schema;
  const unwrap = (s: unknown): unknown => {
    let inner = s;
    while (
      inner instanceof z.ZodExactOptional ||
      inner instanceof z.ZodOptional ||
      inner instanceof z.ZodPrefault
    ) {
      inner = inner.def.innerType;
    }
    return inner;
  };
  for (const key of path) {
    const inner = unwrap(at);
    if (inner instanceof z.ZodObject) at = (inner.shape as Record<string, unknown>)[String(key)];
    else if (inner instanceof z.ZodArray) at = inner.element;
    else if (inner instanceof z.ZodRecord) at = inner.valueType;
    else return [];
  }
  const last = unwrap(at);
  return last instanceof z.ZodObject ? Object.keys(last.shape) : [];
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value !== 'object') return `a ${typeof value}`;
  return isJsonObject(value) ? 'an object' : 'bytes';
}

/** Turns zod's issues into paths and sentences, with the word that was probably meant for unknown keys. */
export function issuesOf(schema: z.ZodType, error: z.ZodError, value: unknown): InputIssue[] {
  const at = (path: readonly PropertyKey[]): unknown => {
    let here = value;
    for (const key of path) here = (here as Record<PropertyKey, unknown> | undefined)?.[key];
    return here;
  };
  return error.issues.flatMap((issue): InputIssue[] => {
    if (issue.code === 'unrecognized_keys') {
      const known = knownKeys(schema, issue.path);
      return issue.keys.map((key) => {
        const meant = nearest(key, known);
        const hint = meant === undefined ? `known are ${known.join(', ')}` : `did you mean "${meant}"?`;
        return { path: writtenPath([...issue.path, key]), message: `is not known here; ${hint}` };
      });
    }
    const path = writtenPath(issue.path);
    const given = at(issue.path);
    if (given === undefined) return [{ path, message: 'is required' }];
    if (issue.code === 'invalid_type') {
      const expected = issue.expected === 'object' ? 'must be an object' : issue.message;
      return [{ path, message: `${expected}, not ${describe(given)}` }];
    }
    return [{ path, message: given === null ? `${issue.message}, not ${describe(given)}` : issue.message }];
  });
}

/** Anything that does not look like an ID is a name, which only a workspace makes unique. */
function isModelId(model: string): boolean {
  return model.startsWith('id:') || ID_SHAPES.model.test(model);
}

function missingWorkspace(value: { workspace?: unknown; model?: unknown }): InputIssue[] {
  if (value.workspace !== undefined || typeof value.model !== 'string' || value.model.trim() === '')
    return [];
  if (isModelId(value.model)) return [];
  return [
    {
      path: 'workspace',
      message: 'is required because "model" is given by name, not by ID ("id:..." says that it is one)',
    },
  ];
}

/** What no single field can tell. */
function crossChecks(value: IntegrationInputs[IntegrationName]): InputIssue[] {
  const issues = missingWorkspace(value);
  const twice = (list: readonly object[] | undefined, name: string, key: string, why: string): void => {
    const seen = new Map<unknown, number>();
    (list ?? []).forEach((entry, i) => {
      const word = (entry as Record<string, unknown>)[key];
      const first = seen.get(word);
      if (first === undefined) seen.set(word, i);
      else
        issues.push({ path: `${name}[${i}].${key}`, message: `is the same as in ${name}[${first}]; ${why}` });
    });
  };
  if ('process' in value) {
    twice(value.uploads, 'uploads', 'file', 'a file holds one upload');
    twice(value.downloads, 'downloads', 'target', 'one download would replace the other');
  }
  return issues;
}

/**
 * Checks an input of an integration. Never throws; says everything that is wrong at once.
 *
 * @param integration the workflow type
 * @param value what a caller gave, of any shape
 */
export function checkInput<N extends IntegrationName>(integration: N, value: unknown): CheckedInput<N> {
  if (!INTEGRATIONS.includes(integration)) {
    return { ok: false, issues: [{ path: '', message: `"${String(integration)}" is not an integration` }] };
  }
  const given = withoutAbsent(value);
  if (!isJsonObject(given)) {
    const what = given === undefined ? 'nothing' : describe(given);
    return { ok: false, issues: [{ path: '', message: `must be one JSON object, not ${what}` }] };
  }
  const schema = SCHEMAS[integration];
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const issues = issuesOf(schema, parsed.error, given);
    return { ok: false, issues: [...issues, ...missingWorkspace(given)] };
  }
  // The schema of N has this output: its fields are checked against the interface in the registry.
  const input = parsed.data as IntegrationInputs[N];
  const issues = crossChecks(input);
  return issues.length > 0 ? { ok: false, issues } : { ok: true, input };
}
