import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { SLICE_BYTES } from '../ports';

/** Decompresses the bytes of a gzip file (of any number of members) front to back, off the main thread. */
export class Gunzip {
  /** Offset in the decompressed bytes of the next byte to be yielded. */
  position = 0;
  private readonly input: Readable;
  private readonly pieces: AsyncIterator<Buffer>;
  private readonly gunzip = createGunzip({ chunkSize: SLICE_BYTES / 4 });
  private left: Buffer = Buffer.alloc(0);

  /** @param compressed the file's bytes, in slices */
  constructor(compressed: AsyncIterable<Buffer>) {
    // Two slices are read ahead; the stream's own default is sixteen, of a megabyte each.
    this.input = Readable.from(compressed, { objectMode: true, highWaterMark: 2 });
    this.input.on('error', (error) => this.gunzip.destroy(error));
    // A destroyed reader (close) may still report; nobody listens any more.
    this.gunzip.on('error', () => undefined);
    this.pieces = this.input.pipe(this.gunzip)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /**
   * Bytes from an offset at or after `position`; what lies between is decompressed and dropped. A consumer that stops
   * early leaves the reader after the last slice it got.
   */
  async *read(fromOffset: number, length: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
    while (this.position < fromOffset) {
      const piece = await this.next(fromOffset - this.position, signal);
      if (piece === undefined) return;
    }
    for (let missing = length; missing > 0;) {
      const piece = await this.next(missing, signal);
      if (piece === undefined) return;
      missing -= piece.length;
      yield piece;
    }
  }

  /** Frees the decompressor; the source stays open. */
  close(): void {
    this.input.destroy();
    this.gunzip.destroy();
  }

  private async next(most: number, signal?: AbortSignal): Promise<Buffer | undefined> {
    signal?.throwIfAborted();
    if (this.left.length === 0) {
      const { done, value } = await this.pieces.next();
      if (done === true) return undefined;
      this.left = value;
    }
    const piece = this.left.subarray(0, most);
    this.left = this.left.subarray(piece.length);
    this.position += piece.length;
    return piece;
  }
}
