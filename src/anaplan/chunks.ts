import { z } from 'zod';
import type { Api } from './api';
import { compact, read, textOrEmpty, neededText } from './parse';
import type { CallOptions, Chunk } from './types';

const schema = z.object({ id: neededText, name: textOrEmpty }).transform(compact);

/** Reads one entry of a chunk list. */
export function parseChunk(raw: unknown): Chunk {
  return read(schema, raw, 'a chunk');
}

/**
 * A chunk list in the order in which the chunks must be joined: by number, where all are numbers ("numbered
 * sequentially from 0"), because a list sorted as text would put 10 before 2.
 */
export function inOrder(chunks: Chunk[]): Chunk[] {
  if (!chunks.every((chunk) => /^\d+$/.test(chunk.id))) return chunks;
  return [...chunks].sort((a, b) => Number(a.id) - Number(b.id));
}

/** Reads a chunk list; [] where the answer leaves the key out (anaplan-facts.md, "Files"). */
export async function listChunks(api: Api, path: string, what: string, o?: CallOptions): Promise<Chunk[]> {
  const chunks = await api.list(
    { path, what, keys: ['chunks', 'chunk'], item: parseChunk, idOf: (chunk) => chunk.id },
    o,
  );
  return inOrder(chunks);
}
