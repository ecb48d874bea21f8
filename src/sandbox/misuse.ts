/** What a careful client of Anaplan never does, each with the sentence that explains it. */
export const MISUSES = {
  'polled-too-often':
    'A task was polled less than 5 seconds after the poll before (anaplan-api: "Monitor the import tasks").',
  'polled-after-end': 'A task was polled again and again although its end had been answered.',
  'second-task': 'An action was started while a task of the same action by the same user was still running.',
  'repeated-start': 'An action was started again within a minute after a start whose answer was lost.',
  'chunk-before-count':
    'A chunk was sent before the chunk count was set (anaplan-api: "Set the Chunk Count").',
  'chunk-out-of-range': 'A chunk was sent whose index is not below the chunk count.',
  'chunk-too-large':
    'A chunk held more than 50 MB of uncompressed data (anaplan-api: "Upload a file in chunks").',
  'too-many-chunks':
    'A file was announced with more than 1,000 chunks (anaplan-api: "Upload a file in chunks").',
  'bytes-after-complete':
    'Other bytes were sent to a file after its upload was complete, without a new chunk count.',
  'upload-while-import-runs': 'A file was written to while an import that reads it was running.',
  'import-of-incomplete-upload': 'An import was started although the upload of its file was not complete.',
  'unknown-file': 'A chunk count was set for a file ID that does not exist, which creates another file.',
  'dead-token': 'A call was made with a token that an earlier answer had called dead.',
  'log-in-storm': 'A user logged in more than three times in a minute while holding valid tokens.',
  'more-than-certificate':
    'A log-in by certificate sent more than the certificate: a private key, or other text of its file.',
  'refused-log-ins':
    'A user was refused more than five times in five minutes and went on: that is how accounts are locked.',
  'too-many-requests':
    'More requests were sent in 60 seconds than the tenant allows (anaplan-api: "API rate limitation").',
  'page-out-of-range': 'A page of a large read was asked for that was not yet available.',
  'dump-gone': 'A failure dump was asked for that is gone or never existed.',
} as const;

/** The name of a misuse. */
export type MisuseKind = keyof typeof MISUSES;

/** One case of misuse. */
export interface Misuse {
  kind: MisuseKind;
  /** Why it is wrong. */
  sentence: string;
  /** What was done, e.g. the request. */
  what: string;
  /** When, in epoch ms. */
  at: number;
}

/** Collects the misuse seen so far. */
export class MisuseLog {
  private readonly entries: Misuse[] = [];

  constructor(private readonly clock: () => number) {}

  /** Notes a case; `what` names the request or object. */
  note(kind: MisuseKind, what: string): void {
    this.entries.push({ kind, sentence: MISUSES[kind], what, at: this.clock() });
  }

  /** All cases, oldest first. */
  list(): readonly Misuse[] {
    return this.entries;
  }

  /** All cases as lines `kind: sentence [what]`. */
  lines(): string[] {
    return this.entries.map((entry) => `${entry.kind}: ${entry.sentence} [${entry.what}]`);
  }

  /** Forgets everything. */
  clear(): void {
    this.entries.length = 0;
  }
}
