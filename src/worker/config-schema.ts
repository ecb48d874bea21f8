import { z } from 'zod';
import { REGIONS } from '../anaplan/regions';
import { LIMITS } from '../contracts';
import { issuesOf } from '../contracts/schemas';
import { ConfigError } from './config-error';
import { rootNameFault } from '../storage';
import { envReference } from './secrets';

const text = z.string('must be a text').refine((value) => value.trim() !== '', 'must not be empty');

const url = text.refine(
  (value) => envReference(value) !== undefined || isHttpUrl(value),
  'must be a URL such as https://api.anaplan.com, or a reference ${NAME} to an environment variable',
);

function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
}

const LITERAL =
  'must be a reference, ${NAME} to an environment variable or {file: PATH}: a secret itself does not belong in this file';

// The check comes before anything is echoed, so that a literal password never reaches a message.
const secret = z.union(
  [
    z
      .string()
      .transform((value) => envReference(value))
      .refine((name) => name !== undefined)
      .transform((name) => ({ env: name ?? '' })),
    z.strictObject({ file: text }),
  ],
  LITERAL,
);

const file = z.union(
  [z.strictObject({ file: text }), text.transform((value) => ({ file: value }))],
  'must be {file: PATH}',
);

/** Whole numbers of slots and the like. */
const count = (least: number, most: number): z.ZodInt =>
  z
    .int('must be a whole number')
    .min(least, `must be at least ${least}`)
    .max(most, `must be at most ${most}`);

const connection = z.strictObject({
  region: text
    .refine((value) => envReference(value) !== undefined || /^[a-z0-9]+$/i.test(value), {
      message: `must be the name of a region (${Object.keys(REGIONS).join(', ')})`,
    })
    .exactOptional(),
  apiUrl: url.exactOptional(),
  authUrl: url.exactOptional(),
  tenant: text.exactOptional(),
  user: text.exactOptional(),
  password: secret.exactOptional(),
  certificate: file.exactOptional(),
  privateKey: file.exactOptional(),
  passphrase: secret.exactOptional(),
  certificatePayload: z.enum(['v1', 'v2'], 'must be v1 or v2').exactOptional(),
  requestsPerMinute: z
    .number('must be a number')
    .min(2, 'must be at least 2')
    .max(100_000, 'must be at most 100000')
    .exactOptional(),
  share: z
    .number('must be a number')
    .gt(0, 'must be more than 0')
    .max(1, 'must be at most 1')
    .exactOptional(),
  parallelChunks: count(1, LIMITS.maxParallelChunks).exactOptional(),
});

const root = z.union(
  [
    text.transform((path) => ({ path, shared: false })),
    z.strictObject({
      path: text,
      shared: z.boolean('must be true or false').prefault(false),
      access: z.enum(['read', 'write'], 'must be read or write').exactOptional(),
    }),
  ],
  'must be a path, or {path: PATH, shared: true or false, access: read or write}',
);

const MODE =
  'must be an octal mode in quotes in which the owner may read and write, and nobody execute, such as "0640"';

const rootList = z.array(root).min(1, 'must name at least one directory');
const rootsByName = z
  .record(
    z.string().superRefine((name, ctx) => {
      const fault = rootNameFault(name);
      if (fault !== undefined) ctx.addIssue({ code: 'custom', message: `a root's name ${fault}` });
    }),
    root,
    'must be an object of directories by name, or a list',
  )
  .refine((all) => Object.keys(all).length > 0, 'must name at least one directory');

/** By name; or a list, whose names follow from it. Not a union: that would not say which entry is wrong. */
const roots = z.unknown().transform((value, ctx) => {
  const parsed = Array.isArray(value) ? rootList.safeParse(value) : rootsByName.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path, message, ...issue } of parsed.error.issues) {
    const inner = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? message) : message;
    ctx.issues.push({ code: 'custom', path, message: inner, input: value });
  }
  return z.NEVER;
});

/** YAML reads 0640 as the number 640, and 0o640 as 416: of a number the digits are taken as they stand. */
const fileMode = z
  .union([z.string(), z.int()], MODE)
  .transform(String)
  .refine((value) => /^0{0,2}6[0246][0246]$/.test(value), MODE)
  .transform((value) => parseInt(value, 8));

const worker = z.strictObject({
  taskQueue: text.exactOptional(),
  roots: roots.exactOptional(),
  dumps: text.exactOptional(),
  fileMode: fileMode.exactOptional(),
  transferSlots: count(1, 64).exactOptional(),
  maxConcurrentWaits: count(10, 10_000).exactOptional(),
  maxCachedWorkflows: count(10, 10_000).exactOptional(),
});

/** What all workers of a tenant may send together. */
const budget = z.strictObject({
  requestsPerMinute: z
    .number('must be a number')
    .min(2, 'must be at least 2')
    .max(100_000, 'must be at most 100000')
    .exactOptional(),
  leaveToOthers: z
    .number('must be a number')
    .min(0, 'must be 0 or more')
    .max(0.9, 'must be at most 0.9')
    .exactOptional(),
});

/** The file `anaplan-temporal.yaml`. */
const CONFIG_SCHEMA = z.strictObject({
  connections: z
    .record(
      z.string().regex(/^[\w.-]+$/, 'must be a name of letters, digits, ".", "_" and "-"'),
      connection,
      'must be an object of connections by name',
    )
    .exactOptional(),
  budget: budget.exactOptional(),
  worker: worker.exactOptional(),
});

/** The file as parsed: references unresolved, no defaults. */
export type ConfigFile = z.output<typeof CONFIG_SCHEMA>;

/** One connection of the file. */
export type ConnectionFile = z.output<typeof connection>;

/**
 * Checks what a configuration file says.
 *
 * @throws ConfigError naming the first wrong field, with the known word when a key is misspelt
 */
export function parseConfig(value: unknown): ConfigFile {
  const given = value ?? {};
  const parsed = CONFIG_SCHEMA.safeParse(given);
  if (parsed.success) return parsed.data;
  const [first, ...others] = issuesOf(CONFIG_SCHEMA, parsed.error, given);
  const more = others.map((issue) => `; ${issue.path}: ${issue.message}`).join('');
  throw new ConfigError(first?.path ?? '', `${first?.message ?? 'it cannot be read'}${more}`);
}
