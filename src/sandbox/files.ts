import { randomUUID } from 'node:crypto';
import { createReadStream, mkdirSync, rmSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { headOf, inOrder, MAX_CHUNKS, receiveChunk, type Chunk } from './chunks';
import { Refusal } from './http';
import type { MisuseLog } from './misuse';
import type { Settings } from './options';
import { heldContent, type ExportContent } from './synthetic';
import type { FileDefinition } from './definitions';
import { wholeDigest, type FileContent, type FileInfo, type StoredFile } from './stored-file';

export type { FileContent, FileInfo, StoredFile };

const encoded = (text: string, definition: FileDefinition) =>
  Buffer.from(text, definition.encoding === 'UTF-8' ? 'utf8' : 'latin1');

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
    private readonly settings: Settings,
  ) {
    this.folder = join(folder, randomUUID());
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    for (const definition of definitions) {
      const text = definition.defaultContent;
      const fallback = text === undefined ? {} : { fallback: encoded(text, definition) };
      this.files.set(definition.id, { definition, ...fallback });
    }
  }

  /** The file, or a 404. */
  require(id: string): StoredFile {
    const file = this.files.get(id);
    if (file === undefined) throw new Refusal(404, `File ${id} not found.`);
    this.expireUnused(file);
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
    this.begin(file, count);
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
    this.used(file);
    const chunk = await receiveChunk(body, {
      gzip,
      path: this.keepBytes(id) ? join(this.folder, `${id}-${index}-${randomUUID()}`) : undefined,
      previous: index === 0 ? 'first' : upload.chunks.get(index - 1),
      tooLarge: () => this.misuse.note('chunk-too-large', `file ${id}, chunk ${index}`),
    });
    // Two deliveries of a chunk may overlap; only an upload that is still the current one may change.
    if (file.upload !== upload) return this.discard(chunk);
    this.used(file);
    const before = upload.chunks.get(index);
    const same = before?.sha256 === chunk.sha256;
    if (upload.completed) {
      await this.discard(chunk);
      // The same bytes again are harmless: the answer of the first delivery may have been lost.
      if (same) return;
      this.misuse.note('bytes-after-complete', `file ${id}, chunk ${index}`);
      throw new Refusal(400, 'The upload is complete. Set the chunk count to begin another.');
    }
    // A chunk that others were counted behind stays the object that it was, as long as its bytes are the same.
    if (same && (before.path !== undefined || before.through !== undefined)) return this.discard(chunk);
    upload.chunks.set(index, chunk);
    if (upload.count > 0 && upload.chunks.size === upload.count) upload.completed = true;
    if (before !== undefined) await this.discard(before);
  }

  /** A whole file at once (anaplan-api: "Upload file as a single chunk"). */
  async putWhole(id: string, body: Readable): Promise<void> {
    const file = this.require(id);
    if (file.fallback !== undefined && file.upload === undefined) {
      this.misuse.note('chunk-before-count', `file ${id}`);
      throw new Refusal(400, 'The file has default content: set the chunk count before you upload it.');
    }
    if (file.upload === undefined || file.upload.completed) this.begin(file, 1);
    await this.putChunk(id, 0, body, false);
  }

  /** Marks an upload complete; all chunks must be there. Repeating it is harmless. */
  complete(id: string): StoredFile {
    const file = this.require(id);
    const upload = file.upload;
    if (upload === undefined) throw new Refusal(400, 'There is no upload to complete.');
    this.used(file);
    if (!upload.completed) {
      const expected = upload.count === -1 ? Math.max(-1, ...upload.chunks.keys()) + 1 : upload.count;
      if (expected === 0 || upload.chunks.size !== expected)
        throw new Refusal(400, 'Chunks of the upload are missing.');
      upload.completed = true;
      upload.count = expected;
    }
    return file;
  }

  /** Removes private content (anaplan-api: "Delete Files"). */
  delete(id: string): void {
    this.forget(this.require(id));
  }

  /** The private content of this file, or of all, expires now (behaviour `file-expiry`). */
  expire(id?: string): void {
    for (const file of id === undefined ? this.files.values() : [this.require(id)]) this.forget(file);
  }

  /** Sets or removes the default file, as an administrator does in Anaplan's own user interface. */
  setDefault(id: string, content: string | Uint8Array | null): void {
    const file = this.require(id);
    if (content === null) delete file.fallback;
    else
      file.fallback = typeof content === 'string' ? encoded(content, file.definition) : Buffer.from(content);
  }

  /** Takes what an export wrote. */
  setExported(id: string, content: ExportContent): void {
    const file = this.require(id);
    file.exported = content;
    this.used(file);
  }

  /** Number of chunks that can be read: of the private file, else of the default file. */
  chunkCount(file: StoredFile): number {
    this.expireUnused(file);
    if (file.upload !== undefined) return file.upload.completed ? file.upload.chunks.size : 0;
    return this.readable(file)?.chunkCount ?? 0;
  }

  /** The bytes of one chunk. */
  async readChunk(id: string, index: number): Promise<Buffer> {
    const file = this.require(id);
    if (!Number.isInteger(index) || index < 0 || index >= this.chunkCount(file)) {
      throw new Refusal(404, `File ${id} has no chunk ${index}.`);
    }
    this.used(file);
    if (file.upload === undefined) return this.readable(file)?.chunk(index) ?? Buffer.alloc(0);
    const path = file.upload.chunks.get(index)?.path;
    if (path === undefined) throw new Refusal(404, 'The sandbox keeps digests of uploads only.');
    return readFile(path);
  }

  /** The bytes of the whole file, or a 404 where it has no content. */
  async readWhole(id: string): Promise<Buffer> {
    const file = this.require(id);
    const count = this.chunkCount(file);
    if (file.upload?.completed !== true && this.readable(file) === undefined)
      throw new Refusal(404, `File ${id} has no content.`);
    const parts: Buffer[] = [];
    for (let i = 0; i < count; i++) parts.push(await this.readChunk(id, i));
    return Buffer.concat(parts);
  }

  /** What an import would read: the private file, else the default file, else nothing. */
  content(id: string): FileContent | undefined {
    const file = this.require(id);
    const { definition, upload, fallback } = file;
    const rowsOf = (newlines: number, endsLine: boolean) =>
      Math.max(0, newlines + (endsLine ? 0 : 1) - (definition.firstDataRow - 1));
    if (upload === undefined) {
      if (fallback === undefined) return undefined;
      const lines = fallback.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0);
      return {
        head: fallback,
        bytes: Readable.from([fallback]),
        rows: rowsOf(lines, fallback.at(-1) === 10),
      };
    }
    if (!upload.completed) return undefined;
    this.used(file);
    const chunks = inOrder(upload.chunks) ?? [];
    const lines = chunks.reduce((sum, chunk) => sum + chunk.newlines, 0);
    const endsLine = chunks.findLast((chunk) => chunk.bytes > 0)?.endsLine ?? true;
    async function* read(): AsyncGenerator<Buffer> {
      for (const { path } of chunks)
        if (path !== undefined) yield* createReadStream(path) as AsyncIterable<Buffer>;
    }
    return { head: headOf(chunks), bytes: Readable.from(read()), rows: rowsOf(lines, endsLine) };
  }

  /** Digest and size of what a file holds of the user's. */
  info(id: string): FileInfo | undefined {
    const file = this.files.get(id);
    if (file === undefined) return undefined;
    this.expireUnused(file);
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

  private begin(file: StoredFile, count: number): void {
    this.forget(file);
    file.upload = { count, chunks: new Map(), completed: false };
    this.used(file);
  }

  private used(file: StoredFile): void {
    file.usedAt = this.settings.clock();
  }

  private expireUnused(file: StoredFile): void {
    if (file.usedAt !== undefined && this.settings.clock() - file.usedAt > this.settings.fileLifeMs)
      this.forget(file);
  }

  private forget(file: StoredFile): void {
    for (const chunk of file.upload?.chunks.values() ?? []) void this.discard(chunk);
    delete file.upload;
    delete file.exported;
    delete file.usedAt;
  }

  /** What can be read of a file without an upload. */
  private readable({ exported, fallback }: StoredFile): ExportContent | undefined {
    if (exported !== undefined || fallback === undefined) return exported;
    return heldContent(fallback, this.settings.model.exportChunkBytes);
  }

  private async discard(chunk: Chunk): Promise<void> {
    if (chunk.path !== undefined) await rm(chunk.path, { force: true }).catch(() => undefined);
  }
}
