import { z } from 'zod';
import type { Api } from './api';
import { AnaplanError } from './errors';
import { compact } from './compact';
import { read, textOrEmpty, neededText } from './parse';
import type { CallOptions, Chunk } from './types';

const schema = z.object({ id: neededText, name: textOrEmpty }).transform(compact);

/** An ID that is a whole number. */
const NUMBER = /^\d{1,15}$/;

/** Reads one entry of a chunk list. */
export function parseChunk(raw: unknown): Chunk {
  return read(schema, raw, 'a chunk');
}

/**
 * A chunk list in the order in which the chunks must be joined: by number, where all are numbers ("numbered
 * sequentially from 0"), because a list sorted as text would put 10 before 2.
 */
export function inOrder(chunks: Chunk[]): Chunk[] {
  if (!chunks.every((chunk) => NUMBER.test(chunk.id))) return chunks;
  return [...chunks].sort((a, b) => Number(a.id) - Number(b.id));
}

/**
 * What is wrong with a chunk list, if anything: a chunk that is named twice would be joined twice, and one that is left
 * out of the numbers would be missing. They may begin at 0 or 1; IDs that are no numbers say nothing of what is missing.
 */
export function listTrouble(chunks: readonly Chunk[]): string | undefined {
  const numbered = chunks.every((chunk) => NUMBER.test(chunk.id));
  const ids = chunks.map((chunk) => (numbered ? String(Number(chunk.id)) : chunk.id));
  const seen = new Set<string>();
  const twice = ids.find((id) => seen.size === seen.add(id).size);
  if (twice !== undefined) return `it names chunk ${twice} twice`;
  if (!numbered || chunks.length === 0) return undefined;
  const sorted = ids.map(Number).sort((a, b) => a - b);
  const first = sorted[0] === 1 ? 1 : 0;
  const gap = sorted.findIndex((id, i) => id !== first + i);
  return gap < 0 ? undefined : `it leaves out chunk ${first + gap}`;
}

/**
 * Reads a chunk list; [] where the answer leaves the key out (anaplan-api: "Files (public clients)").
 * @throws AnaplanError of kind `body` where chunks are named twice or left out: the list is asked for again
 */
export async function listChunks(api: Api, path: string, what: string, o?: CallOptions): Promise<Chunk[]> {
  const chunks = await api.list(
    { path, what, keys: ['chunks', 'chunk'], item: parseChunk, idOf: (chunk) => chunk.id },
    o,
  );
  const trouble = listTrouble(chunks);
  if (trouble !== undefined) {
    throw new AnaplanError(`The answer to GET ${path} cannot be used: ${trouble}.`, {
      kind: 'body',
      method: 'GET',
      path,
      status: 200,
      sent: 'answered',
    });
  }
  return inOrder(chunks);
}
