/** Where bytes come from and go to. */
export { sourceChanged, StorageError, type StorageErrorType } from './errors';
export { SLICE_BYTES } from './ports';
export type {
  ByteSource,
  ContentDigest,
  ExpectedContent,
  OtherPart,
  Place,
  Sink,
  SinkState,
  SourceVersion,
  Storage,
  StorageRoot,
  Store,
  StoredFile,
  StoredSource,
} from './ports';
export { createStorage } from './create';
export { assertToken } from './token';
export { MARKER_FILE, markRoots } from './local/marker';
export { DEFAULT_ROOT, nameRoots, rootNameFault } from './local/roots';
export { gzipChunk, gzipMember, inSlices, type GzipChunk } from './formats/gzip';
export { readAhead } from './formats/ahead';
export { crc32Of } from './threads/crc';
export { threads, type Deflated } from './threads/pool';
