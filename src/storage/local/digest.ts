import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

import { SLICE_BYTES } from '../ports';

/** SHA-256 of a whole file in lower-case hex, in slices, so that heartbeats get their turn in between. */
export async function digestOf(file: FileHandle | string): Promise<string> {
  if (typeof file !== 'string') return digest(file);
  const opened = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return await digest(opened);
  } finally {
    await opened.close();
  }
}

async function digest(file: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(SLICE_BYTES);
  for (let at = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}
