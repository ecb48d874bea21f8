/** The kinds of Anaplan's actions: what they are called, and how their IDs begin. */

/** By their path segment. */
const KINDS = {
  imports: { name: 'import', idPrefix: '112' },
  exports: { name: 'export', idPrefix: '116' },
  processes: { name: 'process', idPrefix: '118' },
  actions: { name: 'action', idPrefix: '117' },
} as const;

/** The four kinds of Anaplan actions, by their path segment. */
export type ActionKind = keyof typeof KINDS;

/** All of them. */
export const ACTION_KINDS = Object.keys(KINDS) as readonly ActionKind[];

/** What an action of a kind is called: `import`. */
export function kindName(kind: ActionKind): string {
  return KINDS[kind].name;
}

/** The kind that an ID tells by its first digits. */
export function kindOfId(id: string): ActionKind | undefined {
  return ACTION_KINDS.find((kind) => id.startsWith(KINDS[kind].idPrefix));
}

/** An action in words, as sentences begin with it: `Import "Load Sales" (112000000001)`. */
export function actionInWords({ kind, name, id }: { kind: ActionKind; name: string; id: string }): string {
  const { name: word } = KINDS[kind];
  return `${word.charAt(0).toUpperCase()}${word.slice(1)} "${name}" (${id})`;
}

/** What may reject rows and leave dumps, and runs with parameters (anaplan-api: "Post runtime parameters to a process or an import"). */
export function loadsRows(kind: ActionKind): boolean {
  return kind === 'imports' || kind === 'processes';
}
