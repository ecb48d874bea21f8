/** The columns of an import, as far as a run carries them with it. Pure. */
import type { ImportMetadata } from '../../anaplan';
import type { ImportHeader } from './contract';
/** Bytes of column names that one run carries in its history: some thousands of columns. */
const MAX_NAMES_BYTES = 128 * 1024;

/** Words for separators, beside the characters themselves. */
const SEPARATOR_WORDS: Readonly<Record<string, string>> = {
  '\\t': '\t',
  tab: '\t',
  comma: ',',
  semicolon: ';',
  pipe: '|',
};

/** Collects the columns of the imports of one run, within bounds. */
export class ImportHeaders {
  private left = MAX_NAMES_BYTES;

  /** Undefined where Anaplan names no columns. */
  of(name: string, metadata: ImportMetadata | undefined): ImportHeader | undefined {
    const from = metadata?.source;
    if (!from || from.headerNames.length === 0) return undefined;
    const names: string[] = [];
    for (const column of from.headerNames) {
      this.left -= Buffer.byteLength(column) + 3;
      if (this.left < 0) break;
      names.push(column);
    }
    const count = Math.max(from.headerNames.length, from.columnCount ?? 0);
    const separator = from.columnSeparator ?? ',';
    return {
      import: name,
      names,
      ...(names.length < count ? { cut: true, count } : {}),
      row: from.headerRow ?? 1,
      separator: separatorOf(separator),
      delimiter: from.textDelimiter ?? '"',
      encoding: from.textEncoding ?? 'UTF-8',
    };
  }
}

/** The character behind a word for it. */
export function separatorOf(said: string): string {
  return SEPARATOR_WORDS[said.toLowerCase()] ?? said;
}
