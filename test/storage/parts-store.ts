/**
 * An object store in memory, as strict as the real ones: an object appears whole or not at all, an upload has an ID and
 * numbered parts, no part but the last may be small, and a part that was sent can be replaced but not cut.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

import {
  assertToken,
  SLICE_BYTES,
  sourceChanged,
  StorageError,
  type ContentDigest,
  type ExpectedContent,
  type OtherPart,
  type Sink,
  type SinkState,
  type SourceVersion,
  type Store,
  type StoredFile,
  type StoredSource,
} from '../../src/storage';

/** A part has at least so many bytes, and is sent once there are as many as the second figure says. */
const MIN_PART = 5;
const FULL_PART = 8;

interface Stored {
  bytes: Buffer;
  etag: string;
}

interface Upload {
  key: string;
  token: string;
  begun: number;
  parts: Map<number, Buffer>;
  /** What is too small for a part yet, by the number of the part that it will begin. */
  tails: Map<number, Buffer>;
}

/** What a sink of this store goes on from. */
interface State {
  upload: string;
  /** Bytes of each part. */
  parts: number[];
  /** Bytes after them. */
  tail: number;
}

function isState(state: SinkState): state is SinkState & State {
  const { upload, parts, tail } = state;
  return typeof upload === 'string' && Array.isArray(parts) && typeof tail === 'number';
}

function digestOf(bytes: Buffer): ContentDigest {
  return {
    size: bytes.length,
    crc32: crc32(bytes),
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
}

/** `mem://bucket/key`. */
export class PartsStore implements Store {
  readonly schemes = ['mem'];
  readonly objects = new Map<string, Stored>();
  readonly uploads = new Map<string, Upload>();
  private count = 0;

  /** Behind the back of whoever has it open. */
  put(key: string, bytes: Buffer): void {
    this.count += 1;
    this.objects.set(key, { bytes, etag: `etag-${this.count}` });
  }

  async openSource(uri: string, pinned: SourceVersion | undefined): Promise<StoredSource> {
    const key = this.keyOf(uri);
    const found = this.objects.get(key);
    if (found === undefined) {
      throw new StorageError('SourceNotFound', `The source ${uri} does not exist: correct the URI.`);
    }
    const version = { size: found.bytes.length, stamp: found.etag };
    if (pinned !== undefined && pinned.stamp !== version.stamp) throw sourceChanged(uri);
    const verify = async (): Promise<void> => {
      if (this.objects.get(key)?.etag !== version.stamp) throw sourceChanged(uri);
      await Promise.resolve();
    };
    async function* read(from: number, length: number, signal?: AbortSignal) {
      const end = Math.min(from + length, version.size);
      for (let at = from; at < end; at += SLICE_BYTES) {
        signal?.throwIfAborted();
        await verify();
        yield Buffer.from(found?.bytes.subarray(at, Math.min(at + SLICE_BYTES, end)) ?? []);
      }
    }
    return { uri, name: uri, version, read, verify, close: () => Promise.resolve() };
  }

  async openTarget(uri: string, token: string): Promise<Sink> {
    await this.discardPart(uri, token);
    return new PartsSink(this, uri, this.begin(this.keyOf(uri), token), { parts: [], tail: 0 });
  }

  resumeTarget(uri: string, token: string, state: SinkState): Promise<Sink | undefined> {
    const key = this.keyOf(uri);
    const upload = isState(state) ? this.uploads.get(state.upload) : undefined;
    if (!isState(state) || upload?.key !== key || upload.token !== token) return Promise.resolve(undefined);
    const { parts, tail } = state;
    const there =
      parts.every((size, i) => upload.parts.get(i)?.length === size) &&
      (tail === 0 || (upload.tails.get(parts.length)?.length ?? 0) >= tail);
    return Promise.resolve(there ? new PartsSink(this, uri, state.upload, { parts, tail }) : undefined);
  }

  tryTarget(uri: string, token: string): Promise<{ uri: string }> {
    const key = this.keyOf(uri);
    if (this.of(key, token).length === 0) this.begin(key, token);
    return Promise.resolve({ uri });
  }

  async tryOnce(uri: string): Promise<void> {
    this.keyOf(uri);
    await Promise.resolve();
  }

  committed(uri: string, token: string, expected: ExpectedContent): Promise<ContentDigest | undefined> {
    const key = this.keyOf(uri);
    const found = this.of(key, token).length > 0 ? undefined : this.objects.get(key);
    const digest = found && digestOf(found.bytes);
    return Promise.resolve(
      digest?.size === expected.size && digest.crc32 === expected.crc32 ? digest : undefined,
    );
  }

  otherParts(uri: string, token: string): Promise<OtherPart[]> {
    const key = this.keyOf(uri);
    const own = this.of(key, token)[0]?.[1].begun ?? Infinity;
    const others = [...this.uploads.values()].filter((u) => u.key === key && u.token !== token);
    return Promise.resolve(others.map((u) => ({ token: u.token, older: u.begun < own })));
  }

  async discardPart(uri: string, token: string): Promise<void> {
    for (const [id] of this.of(this.keyOf(uri), token)) this.uploads.delete(id);
    await Promise.resolve();
  }

  async putOnce(uri: string, slices: AsyncIterable<Buffer>): Promise<StoredFile> {
    const key = this.keyOf(uri);
    if (!this.objects.has(key)) {
      const all: Buffer[] = [];
      for await (const slice of slices) all.push(slice);
      // As a PUT that is refused where the key is taken.
      if (!this.objects.has(key)) this.put(key, Buffer.concat(all));
    }
    return { uri, size: this.objects.get(key)?.bytes.length ?? 0 };
  }

  private begin(key: string, token: string): string {
    assertToken(token);
    this.count += 1;
    const id = `upload-${this.count}`;
    this.uploads.set(id, { key, token, begun: this.count, parts: new Map(), tails: new Map() });
    return id;
  }

  private of(key: string, token: string): [string, Upload][] {
    return [...this.uploads].filter(([, upload]) => upload.key === key && upload.token === token);
  }

  private keyOf(uri: string): string {
    const path = decodeURIComponent(uri.replace(/^mem:\/\/bucket\//, ''));
    if (path === '' || path.endsWith('/')) {
      throw new StorageError('InvalidInput', `${uri} names no object: add its name.`);
    }
    return path;
  }
}

class PartsSink implements Sink {
  private parts: number[];
  private buffer: Buffer;

  constructor(
    private readonly store: PartsStore,
    private readonly uri: string,
    private readonly id: string,
    { parts, tail }: Omit<State, 'upload'>,
  ) {
    this.parts = [...parts];
    this.buffer = Buffer.from(this.upload.tails.get(parts.length)?.subarray(0, tail) ?? []);
  }

  get size(): number {
    return this.sent + this.buffer.length;
  }

  write(buffer: Buffer): Promise<void> {
    this.buffer = Buffer.concat([this.buffer, buffer]);
    if (this.buffer.length >= FULL_PART) this.send();
    return Promise.resolve();
  }

  sync(): Promise<SinkState> {
    if (this.buffer.length >= MIN_PART) this.send();
    const number = this.parts.length;
    if (this.buffer.length > 0) this.upload.tails.set(number, Buffer.from(this.buffer));
    return Promise.resolve({ upload: this.id, parts: [...this.parts], tail: this.buffer.length });
  }

  rollBack(size: number): Promise<SinkState | undefined> {
    if (size >= this.sent) {
      this.buffer = this.buffer.subarray(0, size - this.sent);
      return this.sync();
    }
    let end = 0;
    const kept = this.parts.filter((part) => (end += part) <= size);
    if (kept.reduce((a, b) => a + b, 0) !== size) return Promise.resolve(undefined);
    this.parts = kept;
    this.buffer = Buffer.alloc(0);
    return this.sync();
  }

  async commit(
    expected: ExpectedContent,
    beforeAppearing?: () => void | Promise<void>,
  ): Promise<ContentDigest> {
    if (this.buffer.length > 0) this.send();
    const { parts, key } = this.upload;
    const sent = this.parts.map((_, i) => parts.get(i) ?? Buffer.alloc(0));
    if (sent.slice(0, -1).some((part) => part.length < MIN_PART)) throw new Error('EntityTooSmall');
    const bytes = Buffer.concat(sent);
    const digest = digestOf(bytes);
    if (digest.size !== expected.size || digest.crc32 !== expected.crc32) {
      throw new StorageError('TransferCorrupt', `${this.uri} is not what was written to it.`);
    }
    await beforeAppearing?.();
    this.store.put(key, bytes);
    this.store.uploads.delete(this.id);
    return digest;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private get sent(): number {
    return this.parts.reduce((a, b) => a + b, 0);
  }

  private get upload(): Upload {
    const upload = this.store.uploads.get(this.id);
    if (!upload) throw new StorageError('TargetFailed', `${this.uri}: its upload is gone.`);
    return upload;
  }

  private send(): void {
    this.upload.parts.set(this.parts.length, Buffer.from(this.buffer));
    this.parts.push(this.buffer.length);
    this.buffer = Buffer.alloc(0);
  }
}
