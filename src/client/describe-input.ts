import { commandOf, type IntegrationInputs, type IntegrationName } from '../contracts';

/** Temporal refuses a summary of more than 400 bytes and details of more than 20,000. */
const SUMMARY_BYTES = 400;
const DETAILS_BYTES = 16_000;

function cut(text: string, bytes: number): string {
  const buffer = Buffer.from(text, 'utf8');
  if (buffer.length <= bytes) return text;
  return `${new TextDecoder().decode(buffer.subarray(0, bytes - 4)).replace(/\uFFFD+$/, '')}…`;
}

/** The object a run is about, as its input names it. */
export function objectOf<N extends IntegrationName>(integration: N, input: IntegrationInputs[N]): string {
  // One of these is required by every integration's schema, and `file` is the object only where nothing else is.
  const given = input as unknown as Record<string, unknown>;
  for (const key of ['import', 'export', 'process', 'view', 'list', 'action', 'file']) {
    const value = given[key];
    if (typeof value === 'string') return value.replace(/^(id|name):/, '');
  }
  return integration;
}

/** One line for the Temporal UI: what, of which model, from or to where. */
export function summaryOf<N extends IntegrationName>(integration: N, input: IntegrationInputs[N]): string {
  const given = input as unknown as Record<string, unknown>;
  const where =
    typeof given.source === 'string'
      ? ` from ${given.source}`
      : typeof given.target === 'string'
        ? ` to ${given.target}`
        : '';
  const line = `${commandOf(integration)}: ${objectOf(integration, input)}${where} (model ${input.model})`;
  return cut(line.replace(/\s+/g, ' '), SUMMARY_BYTES);
}

function cell(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `\`${text.replace(/`/g, "'").replace(/\s+/g, ' ')}\``;
}

/** The input as a Markdown list, for the Temporal UI. Inputs hold no secrets. */
export function detailsOf<N extends IntegrationName>(integration: N, input: IntegrationInputs[N]): string {
  const lines = Object.entries(input).map(([key, value]) => `- **${key}**: ${cell(value)}`);
  return cut([`**${commandOf(integration)}**`, '', ...lines].join('\n'), DETAILS_BYTES);
}

/**
 * `anaplan-upload-import-Load_sales-`: what a generated workflow ID begins with. For readers only, as a random part follows:
 * letters of any language stay, what would have to be escaped in a link or a shell does not.
 */
export function idPrefix<N extends IntegrationName>(integration: N, input: IntegrationInputs[N]): string {
  const characters = [...objectOf(integration, input).replace(/[^\p{L}\p{M}\p{N}._-]/gu, '_')];
  const readable = characters.slice(0, 40).join('');
  return `anaplan-${commandOf(integration)}-${readable}-`;
}
