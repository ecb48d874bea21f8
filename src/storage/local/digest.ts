import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

import { SLICE_BYTES, type ContentDigest } from '../ports';

/** The digests of a whole file, in slices, so that heartbeats get their turn in between. */
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
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(SLICE_BYTES);
  let crc = 0;
  for (let at = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return { size: at, crc32: crc, sha256: hash.digest('hex') };
    const slice = buffer.subarray(0, bytesRead);
    hash.update(slice);
    crc = crc32(slice, crc);
    at += bytesRead;
  }
}
