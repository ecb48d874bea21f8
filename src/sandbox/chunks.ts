import { compact } from './compact';
import { createHash, type Hash } from 'node:crypto';
import { createWriteStream, readFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Writable, type Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Refusal } from './http';

/** Largest chunk, uncompressed (anaplan-api: "Upload a file in chunks"; 50 MB read generously as 50 MiB). */
const MAX_CHUNK_BYTES = 50 * 1024 * 1024;
/** Most chunks a file (anaplan-api: "Upload a file in chunks"). */
export const MAX_CHUNKS = 1_000;

const HEAD_BYTES = 16_384;

/** One chunk that arrived whole. A delivery of the same chunk later is another object. */
export interface Chunk {
  bytes: number;
  sha256: string;
  newlines: number;
  endsLine: boolean;
  /** How it begins, so that the header of a file is known whose bytes are not kept. */
  head: Buffer;
  /** Where its bytes are; absent where they are not kept. */
  path?: string;
  /** Only where bytes are not kept: the digest of this chunk and all before it, `previous` being the last of these. */
  through?: { previous: Chunk | undefined; hash: Hash };
}

/** How a chunk is taken in. */
export interface Receiving {
  gzip: boolean;
  /** Where its bytes go, or nothing: then `previous` continues the digest of what came before. */
  path: string | undefined;
  /** The chunk before it, `first` where there is none to be, or nothing where it has not come. */
  previous: Chunk | 'first' | undefined;
  /** Called once more than 50 MB have come. */
  tooLarge: () => void;
}

function begun(previous: Receiving['previous']): Chunk['through'] {
  if (previous === 'first') return { previous: undefined, hash: createHash('sha256') };
  return previous?.through === undefined ? undefined : { previous, hash: previous.through.hash.copy() };
}

/** Takes a chunk in, streaming. A chunk that is not valid, or does not arrive whole, leaves nothing behind. */
export async function receiveChunk(body: Readable, o: Receiving): Promise<Chunk> {
  const own = createHash('sha256');
  const through = o.path === undefined ? begun(o.previous) : undefined;
  let bytes = 0;
  let newlines = 0;
  let last = 0;
  let head = Buffer.alloc(0);
  async function* measure(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const part of source) {
      bytes += part.length;
      if (bytes > MAX_CHUNK_BYTES) {
        o.tooLarge();
        throw new Refusal(400, 'A chunk may hold at most 50 MB of uncompressed data.');
      }
      own.update(part);
      through?.hash.update(part);
      for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, at + 1)) newlines += 1;
      if (head.length < HEAD_BYTES) head = Buffer.concat([head, part.subarray(0, HEAD_BYTES - head.length)]);
      last = part[part.length - 1] ?? last;
      yield part;
    }
  }
  const sink =
    o.path === undefined
      ? new Writable({ write: (_part, _encoding, next) => next() })
      : createWriteStream(`${o.path}.part`, { mode: 0o600 });
  const unzip: Transform | undefined = o.gzip ? createGunzip() : undefined;
  try {
    if (unzip === undefined) await pipeline(body, measure, sink);
    else await pipeline(body, unzip, measure, sink);
  } catch (error) {
    if (o.path !== undefined) await rm(`${o.path}.part`, { force: true });
    if (error instanceof Refusal) throw error;
    throw new Refusal(400, o.gzip ? 'The chunk is not valid gzip.' : 'The chunk did not arrive whole.');
  }
  if (o.path !== undefined) await rename(`${o.path}.part`, o.path);
  return {
    bytes,
    sha256: own.digest('hex'),
    newlines,
    endsLine: last === 10,
    head,
    ...compact({ path: o.path, through }),
  };
}

/** How a file begins: its first 16 KiB, or less where a chunk is no longer. */
export function headOf(chunks: readonly Chunk[]): Buffer {
  const parts: Buffer[] = [];
  let size = 0;
  for (const { head, bytes } of chunks) {
    parts.push(head);
    size += head.length;
    if (head.length < bytes || size >= HEAD_BYTES) break;
  }
  return Buffer.concat(parts);
}

/** The chunks from 0 on, or nothing where one of those before the last is missing. */
export function inOrder(chunks: ReadonlyMap<number, Chunk>): Chunk[] | undefined {
  const list: Chunk[] = [];
  for (let i = 0; i < chunks.size; i++) {
    const chunk = chunks.get(i);
    if (chunk === undefined) return undefined;
    list.push(chunk);
  }
  return list;
}

/**
 * The digest of the bytes that an import would read: of what is stored now. Where bytes are not kept it is known only
 * if every chunk came after the one that now stands before it, for a digest cannot be mended afterwards.
 */
export function digestOf(chunks: readonly Chunk[]): string | null {
  if (chunks.length === 0) return null;
  const paths = chunks.map((chunk) => chunk.path).filter((path) => path !== undefined);
  if (paths.length === chunks.length) {
    const hash = createHash('sha256');
    for (const path of paths) hash.update(readFileSync(path));
    return hash.digest('hex');
  }
  const chained = chunks.every(
    (chunk, i) => chunk.through !== undefined && chunk.through.previous === chunks[i - 1],
  );
  return chained ? (chunks.at(-1)?.through?.hash.copy().digest('hex') ?? null) : null;
}
