/** What the Temporal UI shows of a run, read off its facts. Pure. */
import type { ResultTransfer } from '../../contracts';
import type { Attributes, Fact } from './facts';

/** What lasts for moments only is told in the details: each change of a search attribute is an event. */
const BRIEF: ReadonlySet<string> = new Set(['keeping dumps']);

/** The details as Markdown: what is done, then what the run does now. */
export function detailsOf(facts: readonly Fact[]): string {
  const lines: string[] = [];
  let now: { state: string; text?: string | undefined } = { state: 'preparing' };
  for (const fact of facts) {
    const line = lineOf(fact);
    if (line !== undefined) lines.push(line);
    if (fact.is === 'doing') now = fact;
    else if (fact.is === 'concluded') now = conclusionOf(fact);
    // What was said of a step holds until something has come of it.
    else if (line !== undefined && fact.is !== 'warned') now = { state: now.state };
  }
  const { state, text } = now;
  return [...lines, `Now: **${state}**${text ? `. ${text}` : ''}`].map((line) => `- ${line}`).join('\n');
}

/** The search attributes; none where they are not registered, as far as the run knows. */
export function attributesOf(facts: readonly Fact[]): Attributes {
  let known: Attributes = {};
  let state = 'preparing';
  let registered = false;
  for (const fact of facts) {
    if (fact.is === 'prepared') {
      const { connection, workspace, model, object, searchAttributes } = fact.prepared;
      registered = searchAttributes;
      known = {
        AnaplanConnection: connection,
        AnaplanWorkspace: workspace.name,
        AnaplanModel: model.name,
        AnaplanObject: `${object.kind} ${object.name}`,
      };
    } else if (fact.is === 'doing' && !BRIEF.has(fact.state)) state = fact.state;
    else if (fact.is === 'concluded') {
      state = fact.ending.outcome;
      if (fact.attributes) [registered, known] = [true, fact.attributes];
    }
  }
  // A command without a field would fail the workflow task for ever, and a value has a bound.
  const values = Object.entries({ ...known, AnaplanState: state }).filter(([, value]) => value !== '');
  return registered ? Object.fromEntries(values.map(([name, value]) => [name, value.slice(0, 200)])) : {};
}

function lineOf(fact: Fact): string | undefined {
  switch (fact.is) {
    case 'prepared': {
      const { object, model, workspace } = fact.prepared;
      return `${cap(object.kind)} **${object.name}** (${object.id}) in model **${model.name}**, workspace **${workspace.name}**`;
    }
    case 'warned':
      return `Warning: ${fact.text}`;
    case 'uploaded':
    case 'downloaded':
      return transferred(fact.transfer);
    case 'started':
      return `Task \`${fact.taskId}\`${fact.adopted ? ' (found in the task list: the answer to its start was lost)' : ''}`;
    case 'kept':
      return `Dump of **${fact.dump.action}**: ${fact.dump.rows} rejected rows, kept at \`${fact.dump.uri}\``;
    case 'heldModel':
      return `Held the model for ${Math.max(1, Math.round(fact.ms / 1000))} s`;
    default:
      return undefined;
  }
}

function conclusionOf({ ending }: Extract<Fact, { is: 'concluded' }>): { state: string; text?: string } {
  if (!('failure' in ending)) return { state: ending.outcome };
  return { state: ending.outcome, text: `**${ending.failure.type}**: ${ending.failure.message}` };
}

function transferred(transfer: ResultTransfer): string {
  const pieces = `${transfer.pages === undefined ? 'chunk' : 'page'}${transfer.chunks === 1 ? '' : 's'}`;
  return `Transferred **${transfer.name}**: ${grouped(transfer.bytes)} bytes in ${grouped(transfer.chunks)} ${pieces}, sha256 \`${transfer.sha256.slice(0, 12)}…\``;
}

/** 1234567 as 1,234,567: workflows have no locale. */
function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

function cap(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
