/** Flags of the integrations, made from the registry of their fields. */
import { Option } from 'commander';
import { INTEGRATIONS, LIMITS, type IntegrationName } from '../contracts';
import type { Field, FieldKind } from '../contracts/fields';
import { fieldGroups, fieldsOf } from '../contracts/integrations';
import {
  acceptRejectionsOption,
  compressOption,
  countOption,
  downloadOption,
  mappingOption,
  timeoutOption,
  uploadOption,
} from './parse';

/** Flags as commander hands them over. */
export type Flags = Record<string, unknown>;

/** How the flags of some kinds of fields are read; those of all others are texts, or need no value. */
const READ: { readonly [K in FieldKind]?: (option: Option) => Option } = {
  timeouts: (option) => option.argParser(timeoutOption),
  parallelChunks: (option) => option.argParser(countOption(1, LIMITS.maxParallelChunks)),
  compress: (option) => option.preset('gzip').argParser(compressOption),
  priority: (option) => option.choices(['high', 'normal', 'low']),
  checkHeader: (option) => option.choices(['fail', 'warn', 'off']),
  acceptRejections: (option) => option.preset('true').argParser(acceptRejectionsOption),
  mappingParameters: (option) => option.argParser(mappingOption),
  uploads: (option) => option.argParser(uploadOption),
  downloads: (option) => option.argParser(downloadOption),
};

function optionOf({ kind, required, flag, help }: Field): Option {
  const option = new Option(flag, required ? `${help} (required)` : help);
  return READ[kind]?.(option) ?? option;
}

/** The options of an integration's command: first what is its own. None is mandatory for commander: the schema says more. */
export function optionsOf(integration: IntegrationName): Option[] {
  return fieldGroups(integration).flatMap((fields) => Object.values(fields).map(optionOf));
}

/** The input that the flags say: unchecked, without what was not given. */
export function inputOf(integration: IntegrationName, flags: Flags): Record<string, unknown> {
  const given = Object.entries(fieldsOf(integration)).map(([name, field]) => {
    const option = new Option(field.flag);
    const value = flags[option.attributeName()];
    // A "--no-" flag is true where it was not given.
    return [name, option.negate && value === true ? undefined : value] as const;
  });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

const FLAGS: ReadonlyMap<string, string> = new Map(
  INTEGRATIONS.flatMap((integration) =>
    Object.entries(fieldsOf(integration)).map(([name, { flag }]) => [name, new Option(flag).long ?? flag]),
  ),
);

/** Every field of an input, of any integration. */
export const FIELDS: readonly string[] = [...FLAGS.keys()];

/** The flag that sets a field: `uploads` is `--upload`, and what is no field of an input has a flag of its own name. */
export function flagOf(field: string): string {
  return FLAGS.get(field) ?? `--${field.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
}
