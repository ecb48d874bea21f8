/** What is wrong with an input, and how that is said. */

/** What is wrong with one field. `path` is as people write it: `uploads[0].source`; empty for the input itself. */
export interface InputIssue {
  path: string;
  message: string;
}

/** How a path is written in messages: `uploads[0].source`. */
export function writtenPath(path: readonly PropertyKey[]): string {
  let out = '';
  for (const key of path) {
    if (typeof key === 'number') out += `[${key}]`;
    else if (/^[\w-]+$/.test(String(key))) out += out === '' ? String(key) : `.${String(key)}`;
    else out += `[${JSON.stringify(String(key))}]`;
  }
  return out;
}

/** The issues as one text: `source: is required; sorce: is not known here; did you mean "source"?`. */
export function issuesText(issues: readonly InputIssue[]): string {
  return issues.map((i) => (i.path === '' ? `the input ${i.message}` : `${i.path}: ${i.message}`)).join('; ');
}
