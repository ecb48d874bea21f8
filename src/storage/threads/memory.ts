/** Memory of slices that is used again: what is given to the collector comes back late, and in whole heaps. */
import { SLICE_BYTES } from '../ports';

/** More than the threads hold at a time is not kept. */
const MOST_SPARE = 16;
const spare: ArrayBuffer[] = [];

/** A slice to be filled; what is in it is left over from another one. */
export function newSlice(length: number): Buffer {
  const again = length === SLICE_BYTES ? spare.pop() : undefined;
  return again === undefined ? Buffer.allocUnsafeSlow(length) : Buffer.from(again);
}

/** Gives the memory of a slice back. Nobody else may hold it: it came from another thread, so nobody can. */
export function giveBack(memory: ArrayBuffer): void {
  if (memory.byteLength === SLICE_BYTES && spare.length < MOST_SPARE) spare.push(memory);
}
