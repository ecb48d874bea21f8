import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

import { readAhead } from '../formats/ahead';
import { SLICE_BYTES, type ContentDigest } from '../ports';
import { newSlice } from '../threads/memory';
import { threads } from '../threads/pool';

/** The digests of a whole file, computed beside the reading, so that heartbeats get their turn in between. */
export async function digestOf(file: FileHandle | string): Promise<ContentDigest> {
  if (typeof file !== 'string') return digest(file);
  const opened = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return await digest(opened);
  } finally {
    await opened.close();
  }
}

async function digest(file: FileHandle): Promise<ContentDigest> {
  const hash = threads().sha256();
  let crc = 0;
  let at = 0;
  try {
    for await (const slice of readAhead(slicesOf(file))) {
      crc = crc32(slice, crc);
      at += slice.length;
      await hash.update(slice);
    }
    return { size: at, crc32: crc, sha256: await hash.hex() };
  } finally {
    hash.drop();
  }
}

async function* slicesOf(file: FileHandle): AsyncGenerator<Buffer> {
  for (let at = 0; ;) {
    const buffer = newSlice(SLICE_BYTES);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead);
  }
}
