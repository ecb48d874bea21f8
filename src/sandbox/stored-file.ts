/** A file of a model as the sandbox keeps it. */
import type { Readable } from 'node:stream';
import { digestOf, inOrder, type Chunk } from './chunks';
import type { FileDefinition } from './definitions';
import type { ExportContent } from './synthetic';

/** One upload of a file, from its chunk count to its completion and after. */
interface Upload {
  count: number;
  chunks: Map<number, Chunk>;
  completed: boolean;
  /** The digest of these very chunks, so that it is not read again for every look. */
  digest?: { of: readonly Chunk[]; sha256: string | null };
}

/** What a file holds, as {@link FileStore.info} answers it. */
export interface FileInfo {
  id: string;
  name: string;
  /** Of all uncompressed bytes in order; null while chunks are missing (or came out of order in `digest`). */
  sha256: string | null;
  bytes: number;
  chunks: number;
  completed: boolean;
}

/** A file and what is in it. */
export interface StoredFile {
  definition: FileDefinition;
  /** The user's private content: what was uploaded, or what an export wrote. */
  upload?: Upload;
  exported?: ExportContent;
  /** When the private content was last written, read or imported, in epoch ms. */
  usedAt?: number;
  /** The default file, used while there is no private content. */
  fallback?: Buffer;
}

/** What an import reads. */
export interface FileContent {
  /** How the file begins: enough for its header. */
  head: Buffer;
  bytes: Readable;
  /** Data rows, counted by their line ends. */
  rows: number;
}

/** The digest of an upload's bytes as they stand now. */
export function wholeDigest(upload: Upload): string | null {
  const chunks = inOrder(upload.chunks);
  if (chunks === undefined) return null;
  const known = upload.digest;
  if (known?.of.length === chunks.length && chunks.every((chunk, i) => chunk === known.of[i]))
    return known.sha256;
  upload.digest = { of: chunks, sha256: digestOf(chunks) };
  return upload.digest.sha256;
}
