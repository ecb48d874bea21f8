import type { ImportHeader } from '../prepare/contract';
import { headerRecord, SEPARATORS } from './header-record';
import { decodings } from './text-encoding';

/** What the comparison says. Texts never repeat the source's line: without a header line that would be row data. */
export type HeaderVerdict =
  | { kind: 'same' }
  /** Something differs that may be meant, or nothing could be compared. */
  | { kind: 'warning'; text: string }
  /** Columns that the import was made with are not there. */
  | { kind: 'lacking'; text: string };

const SAME: HeaderVerdict = { kind: 'same' };

/**
 * Compares the first line of a source with an import's columns. What is not known (the encoding, a line that does not end
 * within the bytes at hand, the rest of a list that was cut) is not different.
 *
 * @param start the first bytes of the source
 * @param whole they are all of it
 */
export function compareHeader(start: Buffer, whole: boolean, header: ImportHeader): HeaderVerdict {
  if (header.row < 1) return SAME; // The import reads a file without a header line.
  const [declared, ...others] = decodings(start, header.encoding);
  if (declared === undefined) {
    return notCompared(header, `its encoding, ${shown(header.encoding)}, is not one that can be read here`);
  }
  const found = headerRecord(declared.text, whole, header);
  if (found === undefined) return notCompared(header, `no line ${header.row} could be read`);
  const verdict = judge(found, header);
  if (verdict.kind !== 'lacking') return verdict;
  for (const other of others) {
    const record = headerRecord(other.text, whole, header);
    if (record === undefined || judge(record, header).kind === 'lacking') continue;
    const wide = [declared, other].some(({ name }) => name.startsWith('utf-16'));
    return {
      kind: 'warning',
      text: `The source seems to be ${other.name}, and import "${header.import}" was made with ${shown(header.encoding)}: ${wide ? 'all of it' : 'other than ASCII letters'} may be read wrongly. Check the result.`,
    };
  }
  const separator = SEPARATORS.find((candidate) => {
    if (candidate === header.separator) return false;
    const record = headerRecord(declared.text, whole, { ...header, separator: candidate });
    return record !== undefined && judge(record, header).kind !== 'lacking';
  });
  if (separator === undefined) return verdict;
  return {
    kind: 'lacking',
    text: `${verdict.text} They would be there if columns were separated by ${JSON.stringify(separator)}; the import reads ${JSON.stringify(header.separator)}.`,
  };
}

function notCompared(header: ImportHeader, why: string): HeaderVerdict {
  return {
    kind: 'warning',
    text: `The header line of the source was not compared with the columns of import "${header.import}": ${why}.`,
  };
}

/** Differences in blanks and in how an accent is written are never meant. */
function plain(name: string): string {
  return name
    .normalize('NFC')
    .replace(/\uFEFF/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Lines may end in separators: columns without a name at the end are none. */
function columns(names: readonly string[]): string[] {
  const all = names.map(plain);
  while (all.length > 0 && all.at(-1) === '') all.pop();
  return all;
}

function judge(record: readonly string[], header: ImportHeader): HeaderVerdict {
  const found = columns(record);
  const wanted = columns(header.names);
  const missing = without(wanted, found);
  const extra = without(found, wanted);
  const folded = (name: string): string => name.toLowerCase();
  const lacking = without(missing, extra, folded).filter((name) => name !== '');
  if (lacking.length > 0) {
    return {
      kind: 'lacking',
      text: `The source lacks ${lacking.length} of the ${count(header)} columns that import "${header.import}" was made with: ${list(lacking)}.`,
    };
  }
  const named = missing.filter((name) => name !== '');
  if (named.length > 0) {
    return warning(
      header,
      `writes ${named.length === 1 ? 'a column' : 'columns'} in another case: ${list(named)}`,
    );
  }
  if (header.cut === true) {
    return wanted.length < count(header) && found.length < count(header)
      ? warning(header, `has ${found.length} columns, the import was made with ${count(header)}`)
      : SAME;
  }
  if (found.length !== wanted.length) {
    return warning(header, `has ${found.length} columns, the import was made with ${wanted.length}`);
  }
  if (found.some((name, i) => name !== wanted[i])) return warning(header, 'has its columns in another order');
  return SAME;
}

function warning(header: ImportHeader, what: string): HeaderVerdict {
  return {
    kind: 'warning',
    text: `The source ${what} (import "${header.import}"). Anaplan maps columns by name or position; check the result.`,
  };
}

/** Those of `names` that are not in `others`, each as often as it is missing. */
function without(
  names: readonly string[],
  others: readonly string[],
  key: (name: string) => string = (name) => name,
): string[] {
  const there = new Map<string, number>();
  for (const name of others) there.set(key(name), (there.get(key(name)) ?? 0) + 1);
  return names.filter((name) => {
    const left = there.get(key(name)) ?? 0;
    if (left === 0) return true;
    there.set(key(name), left - 1);
    return false;
  });
}

function count(header: ImportHeader): number {
  return Math.max(header.count ?? 0, header.names.length);
}

function list(names: readonly string[]): string {
  const some = names.slice(0, 5).map(shown);
  return names.length > 5 ? `${some.join(', ')} and ${names.length - 5} more` : some.join(', ');
}

function shown(name: string): string {
  return `"${name.slice(0, 60)}"`;
}
