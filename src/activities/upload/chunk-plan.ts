/** How a source is cut into chunks. Pure: every attempt on every host cuts at the same bytes. */
import { LIMITS } from '../../contracts';

/** A plan: chunk `i` starts where the ones before it end. */
export interface ChunkPlan {
  /** Number of chunks, or -1 when only reading the source tells. */
  count: number;
  /** Bytes of chunk `i`; of the last one fewer may be left. */
  bytesOf(index: number): number;
}

/** Unknown sizes: so many chunks of the default size before they grow to the largest. */
const SMALL_CHUNKS = 100;

/**
 * The plan for a source.
 * @param size bytes as uploaded; undefined when unknown
 * @param chunkBytes fixed size, for tests
 * @throws RangeError when the source does not fit into 1,000 chunks of 50 MB
 */
export function planChunks(size: number | undefined, chunkBytes?: number): ChunkPlan {
  if (size === undefined) {
    return {
      count: -1,
      bytesOf: (i) => chunkBytes ?? (i < SMALL_CHUNKS ? LIMITS.defaultChunkBytes : LIMITS.maxChunkBytes),
    };
  }
  if (size > LIMITS.maxChunkBytes * LIMITS.maxChunks) {
    throw new RangeError(
      `${size} bytes do not fit into ${LIMITS.maxChunks} chunks of ${LIMITS.maxChunkBytes} bytes`,
    );
  }
  const wanted = chunkBytes ?? Math.max(LIMITS.defaultChunkBytes, Math.ceil(size / LIMITS.targetChunks));
  const bytes = Math.min(LIMITS.maxChunkBytes, wanted);
  return { count: Math.max(1, Math.ceil(size / bytes)), bytesOf: () => bytes };
}
