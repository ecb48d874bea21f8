import { commandOf, type IntegrationInputs, type IntegrationName, type SearchAttribute } from '../contracts';
import { namedObject, REGISTRY } from '../contracts/integrations';

/** Temporal refuses a summary of more than 400 bytes and details of more than 20,000. */
const SUMMARY_BYTES = 400;
const DETAILS_BYTES = 16_000;
const ATTRIBUTE_BYTES = 200;

function cut(text: string, bytes: number): string {
  const buffer = Buffer.from(text, 'utf8');
  if (buffer.length <= bytes) return text;
  return `${new TextDecoder().decode(buffer.subarray(0, bytes - 4)).replace(/\uFFFD+$/, '')}…`;
}

/** A name or an ID without the word that forces one reading. */
function bare(given: string): string {
  return given.replace(/^(id|name):\s*/, '');
}

/** The object a run is about, as its input names it. */
function objectOf(integration: IntegrationName, input: object): string {
  return bare(namedObject(integration, input)?.given ?? integration);
}

/** The search attributes that a run starts with: names as its input has them, until its first activity knows better. */
export function attributesOf<N extends IntegrationName>(
  integration: N,
  input: IntegrationInputs[N],
): Partial<Record<SearchAttribute, string>> {
  const all = {
    AnaplanConnection: input.connection ?? 'default',
    ...(input.workspace === undefined ? {} : { AnaplanWorkspace: bare(input.workspace) }),
    AnaplanModel: bare(input.model),
    AnaplanObject: `${REGISTRY[integration].about} ${objectOf(integration, input)}`,
    AnaplanState: 'starting',
  };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, cut(value, ATTRIBUTE_BYTES)]));
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
