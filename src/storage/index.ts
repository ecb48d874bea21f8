/** Where bytes come from and go to. */
export { StorageError, type StorageErrorType } from './errors';
export { SLICE_BYTES } from './ports';
export type {
  ByteSource,
  ContentDigest,
  ExpectedContent,
  Locality,
  MultipartSink,
  OtherPart,
  SourceIdentity,
  Storage,
  StorageRoot,
  StoredFile,
  TargetState,
} from './ports';
export { createStorage } from './create';
export { Sha256 } from './sha256';
export { gzipChunk, type GzipChunk } from './gzip';
