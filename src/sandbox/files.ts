import { createHash, randomUUID, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Writable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Refusal } from './http';
import type { MisuseLog } from './misuse';
import type { ExportContent } from './synthetic';
import type { FileDefinition } from './tenant';

/** Largest chunk, uncompressed (seeds: "Upload a file in chunks"; 50 MB read generously as 50 MiB). */
export const MAX_CHUNK_BYTES = 50 * 1024 * 1024;
/** Most chunks a file (seeds: "Upload a file in chunks"). */
export const MAX_CHUNKS = 1_000;

interface Chunk {
  bytes: number;
  sha256: string;
  newlines: number;
  endsLine: boolean;
  path?: string;
}

/** One upload of a file, from its chunk count to its completion and after. */
interface Upload {
  count: number;
  chunks: Map<number, Chunk>;
  completed: boolean;
  /** Digest of all chunks before index i, as far as they came in order. */
  states: (Hash | undefined)[];
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
  upload?: Upload;
  exported?: ExportContent;
}

/** The digest of an upload's bytes: as they came where they came in order, else read again from disk. */
function wholeDigest(upload: Upload): string | null {
  if (upload.chunks.size === 0) return null;
  const inOrder = upload.states[upload.chunks.size];
  if (inOrder !== undefined) return inOrder.copy().digest('hex');
  const hash = createHash('sha256');
  for (let i = 0; i < upload.chunks.size; i++) {
    const path = upload.chunks.get(i)?.path;
    if (path === undefined) return null;
    hash.update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** The files of one model: uploads, default files, export output. */
export class FileStore {
  readonly files = new Map<string, StoredFile>();
  private created = 0;
  private readonly folder: string;

  constructor(
    definitions: readonly FileDefinition[],
    private readonly keepBytes: (fileId: string) => boolean,
    folder: string,
    private readonly misuse: MisuseLog,
  ) {
    this.folder = join(folder, randomUUID());
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    for (const definition of definitions) this.files.set(definition.id, { definition });
  }

  /** The file, or a 404. */
  require(id: string): StoredFile {
    const file = this.files.get(id);
    if (file === undefined) throw new Refusal(404, `File ${id} not found.`);
    return file;
  }

  /** Begins a new upload (behaviour `chunk-count`). An unknown ID creates another file under an ID of its own. */
  setChunkCount(id: string, count: number): StoredFile {
    if (!Number.isInteger(count) || count < -1 || count === 0)
      throw new Refusal(400, 'chunkCount must be -1 or more than 0.');
    if (count > MAX_CHUNKS) {
      this.misuse.note('too-many-chunks', `file ${id}: ${count} chunks`);
      throw new Refusal(400, `A file can have at most ${MAX_CHUNKS} chunks.`);
    }
    let file = this.files.get(id);
    if (file === undefined) {
      this.misuse.note('unknown-file', `file ${id}`);
      this.created += 1;
      const newId = `1130000009${String(this.created).padStart(2, '0')}`;
      file = {
        definition: {
          id: newId,
          name: `New file ${this.created}`,
          encoding: 'UTF-8',
          separator: ',',
          headerRow: 1,
          firstDataRow: 2,
        },
      };
      this.files.set(newId, file);
    }
    this.drop(file);
    file.upload = { count, chunks: new Map(), completed: false, states: [createHash('sha256')] };
    return file;
  }

  /** Takes a chunk in, streaming; it counts only once it arrived whole. */
  async putChunk(id: string, index: number, body: Readable, gzip: boolean): Promise<void> {
    const file = this.require(id);
    const upload = file.upload;
    if (upload === undefined) {
      this.misuse.note('chunk-before-count', `file ${id}, chunk ${index}`);
      throw new Refusal(400, 'Set the chunk count before you upload chunks.');
    }
    const limit = upload.count === -1 ? MAX_CHUNKS : upload.count;
    if (!Number.isInteger(index) || index < 0 || index >= limit) {
      this.misuse.note('chunk-out-of-range', `file ${id}, chunk ${index} of ${upload.count}`);
      throw new Refusal(400, `Chunk ${index} is out of range.`);
    }
    const base = upload.states[index]?.copy();
    const { chunk, state } = await this.receive(id, index, body, gzip, base);
    // Two deliveries of a chunk may overlap; only an upload that is still the current one may change.
    if (file.upload !== upload) return this.discard(chunk);
    const before = upload.chunks.get(index);
    if (upload.completed) {
      await this.discard(chunk);
      // The same bytes again are harmless: the answer of the first delivery may have been lost.
      if (before?.sha256 === chunk.sha256) return;
      this.misuse.note('bytes-after-complete', `file ${id}, chunk ${index}`);
      throw new Refusal(400, 'The upload is complete. Set the chunk count to begin another.');
    }
    upload.chunks.set(index, chunk);
    if (before !== undefined && before.sha256 !== chunk.sha256)
      upload.states.length = Math.min(upload.states.length, index + 1);
    if (state !== undefined) upload.states[index + 1] = state;
    if (before !== undefined) await this.discard(before);
    if (upload.count > 0 && upload.chunks.size === upload.count) upload.completed = true;
  }

  /** A whole file at once (seeds: "Upload file as a single chunk"). */
  async putWhole(id: string, body: Readable): Promise<void> {
    const file = this.require(id);
    if (file.definition.defaultContent !== undefined && file.upload === undefined) {
      this.misuse.note('chunk-before-count', `file ${id}`);
      throw new Refusal(400, 'The file has default content: set the chunk count before you upload it.');
    }
    if (file.upload === undefined || file.upload.completed) {
      this.drop(file);
      file.upload = { count: 1, chunks: new Map(), completed: false, states: [createHash('sha256')] };
    }
    await this.putChunk(id, 0, body, false);
  }

  /** Marks an upload complete; all chunks must be there. Repeating it is harmless. */
  complete(id: string): StoredFile {
    const file = this.require(id);
    const upload = file.upload;
    if (upload === undefined) throw new Refusal(400, 'There is no upload to complete.');
    if (!upload.completed) {
      const expected = upload.count === -1 ? Math.max(-1, ...upload.chunks.keys()) + 1 : upload.count;
      if (expected === 0 || upload.chunks.size !== expected)
        throw new Refusal(400, 'Chunks of the upload are missing.');
      upload.completed = true;
      upload.count = expected;
    }
    return file;
  }

  /** Removes private content (seeds: "Delete Files"). */
  delete(id: string): void {
    const file = this.require(id);
    this.drop(file);
    delete file.upload;
    delete file.exported;
  }

  /** Number of chunks that can be read. */
  chunkCount(file: StoredFile): number {
    if (file.exported !== undefined) return file.exported.chunkCount;
    if (file.upload?.completed === true) return file.upload.chunks.size;
    return 0;
  }

  /** The bytes of one chunk. */
  async readChunk(id: string, index: number): Promise<Buffer> {
    const file = this.require(id);
    if (!Number.isInteger(index) || index < 0 || index >= this.chunkCount(file)) {
      throw new Refusal(404, `File ${id} has no chunk ${index}.`);
    }
    if (file.exported !== undefined) return file.exported.chunk(index);
    const path = file.upload?.chunks.get(index)?.path;
    if (path === undefined) throw new Refusal(404, 'The sandbox keeps digests of uploads only.');
    return readFile(path);
  }

  /** What an import would read: the private file, else the default file, else nothing. */
  content(id: string): { bytes: Readable; rows: number } | undefined {
    const { definition, upload } = this.require(id);
    if (upload === undefined) {
      if (definition.defaultContent === undefined) return undefined;
      const bytes = Buffer.from(
        definition.defaultContent,
        definition.encoding === 'UTF-8' ? 'utf8' : 'latin1',
      );
      return { bytes: Readable.from([bytes]), rows: definition.defaultContent.split('\n').length - 2 };
    }
    if (!upload.completed) return undefined;
    const chunks = [...upload.chunks].sort(([a], [b]) => a - b).map(([, chunk]) => chunk);
    let lines = chunks.reduce((sum, chunk) => sum + chunk.newlines, 0);
    if (chunks.at(-1)?.endsLine === false) lines += 1;
    const rows = Math.max(0, lines - (definition.firstDataRow - 1));
    async function* read(): AsyncGenerator<Buffer> {
      for (const { path } of chunks)
        if (path !== undefined) yield* createReadStream(path) as AsyncIterable<Buffer>;
    }
    return { bytes: Readable.from(read()), rows };
  }

  /** Digest and size of a file. */
  info(id: string): FileInfo | undefined {
    const file = this.files.get(id);
    if (file === undefined) return undefined;
    const base = { id, name: file.definition.name };
    if (file.exported !== undefined) {
      const { bytes, chunkCount } = file.exported;
      return { ...base, sha256: file.exported.sha256(), bytes, chunks: chunkCount, completed: true };
    }
    const upload = file.upload;
    if (upload === undefined) return { ...base, sha256: null, bytes: 0, chunks: 0, completed: false };
    let bytes = 0;
    for (const chunk of upload.chunks.values()) bytes += chunk.bytes;
    return {
      ...base,
      sha256: wholeDigest(upload),
      bytes,
      chunks: upload.chunks.size,
      completed: upload.completed,
    };
  }

  /** Forgets everything on disk. */
  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private drop(file: StoredFile): void {
    for (const chunk of file.upload?.chunks.values() ?? []) void this.discard(chunk);
  }

  private async discard(chunk: Chunk): Promise<void> {
    if (chunk.path !== undefined) await rm(chunk.path, { force: true }).catch(() => undefined);
  }

  private async receive(
    id: string,
    index: number,
    body: Readable,
    gzip: boolean,
    state: Hash | undefined,
  ): Promise<{ chunk: Chunk; state: Hash | undefined }> {
    const own = createHash('sha256');
    let bytes = 0;
    let newlines = 0;
    let last = 0;
    const name = join(this.folder, `${id}-${index}-${randomUUID()}`);
    const misuse = this.misuse;
    async function* measure(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const part of source) {
        bytes += part.length;
        if (bytes > MAX_CHUNK_BYTES) {
          misuse.note('chunk-too-large', `file ${id}, chunk ${index}`);
          throw new Refusal(400, 'A chunk may hold at most 50 MB of uncompressed data.');
        }
        own.update(part);
        state?.update(part);
        for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, at + 1)) newlines += 1;
        last = part[part.length - 1] ?? last;
        yield part;
      }
    }
    const keep = this.keepBytes(id);
    const sink = keep
      ? createWriteStream(`${name}.part`, { mode: 0o600 })
      : new Writable({ write: (_part, _encoding, next) => next() });
    const steps: Transform[] = gzip ? [createGunzip()] : [];
    try {
      if (steps[0] !== undefined) await pipeline(body, steps[0], measure, sink);
      else await pipeline(body, measure, sink);
    } catch (error) {
      if (keep) await rm(`${name}.part`, { force: true });
      if (error instanceof Refusal) throw error;
      throw new Refusal(400, gzip ? 'The chunk is not valid gzip.' : 'The chunk did not arrive whole.');
    }
    const chunk: Chunk = { bytes, sha256: own.digest('hex'), newlines, endsLine: last === 10 };
    if (keep) {
      await rename(`${name}.part`, name);
      chunk.path = name;
    }
    // A chunk that did not follow in order is digested when the ones before it have come again, or never.
    return { chunk, state };
  }
}
