/**
 * The ports through which bytes come and go. An adapter (local files today; object stores and SQL later) implements
 * them; one contract test (`test/storage/contract.ts`) holds all adapters to the same behaviour.
 */

/** No buffer that a source yields is larger than this, so that memory does not grow with the file. */
export const SLICE_BYTES = 1024 * 1024;

/**
 * Which version of a source was read. Plain JSON: it travels through workflow histories. Only the store that made it knows
 * what the stamp means; to all others it is opaque.
 */
export interface SourceVersion {
  /** Bytes as stored (of a `.gz`: compressed), where the store knows it before it has read them. */
  size?: number;
  /** Two versions with the same size and stamp are the same: a date and a fingerprint, an etag, a version ID. */
  stamp: string;
}

/** One version of a source as its store gives it: bytes, of whatever format. */
export interface StoredSource {
  /** Absolute, e.g. `file:///data/sales.csv`. */
  readonly uri: string;
  /** What messages call it, and whose end tells the format: a path, or the URI. */
  readonly name: string;
  /** The version that was opened; pass it as `pinned` when opening again. */
  readonly version: SourceVersion;
  /**
   * The stored bytes from an offset, as slices of at most {@link SLICE_BYTES}; fewer than `length` only at the end. Several
   * reads may go on at a time.
   * @throws StorageError SourceChanged, TransferCorrupt (cannot be read), or the signal's reason
   */
  read(fromOffset: number, length: number, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** See {@link ByteSource.verify}. */
  verify(): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Where the bytes of an upload come from: one version of a source, whose format is understood. */
export interface ByteSource {
  /** Absolute, e.g. `file:///data/sales.csv`. */
  readonly uri: string;
  /** The version that was opened; pass it as `pinned` when opening again. */
  readonly version: SourceVersion;
  /** Bytes as they will be uploaded; undefined where only reading all of them could tell (gzip). */
  readonly size?: number | undefined;
  /** The first (decompressed) bytes: fewer than asked only when the source is shorter. */
  peek(bytes: number): Promise<Buffer>;
  /**
   * The (decompressed) bytes from an offset, as slices of at most {@link SLICE_BYTES}; fewer than `length` only at the
   * end. Sequential reads of a gzip source go on with the same decompressor; an offset elsewhere decompresses from the
   * start and drops. One read at a time.
   * @throws StorageError SourceChanged, TransferCorrupt (damaged gzip), or the signal's reason
   */
  read(fromOffset: number, length: number, signal?: AbortSignal): AsyncIterable<Buffer>;
  /**
   * Reads everything once more, from the first byte to the last, in slices: what stands in the source, to be compared
   * with what was read from it before. Nothing is checked but the data themselves; see {@link verify}.
   * @param check called before each slice; what it throws ends the reading
   */
  readBack(check?: () => void): Promise<SourceDigest>;
  /**
   * Checks that the source still is the pinned version. Call it before the first and after the last byte of every chunk:
   * only bytes between two successful calls are bytes of that version.
   * @throws StorageError SourceChanged
   */
  verify(): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** What a source holds. */
export interface SourceDigest {
  /** Bytes as they stand in the source (of a `.gz`: compressed). */
  size: number;
  /** Of these bytes, in lower-case hex. */
  sha256: string;
  /** `zlib.crc32` of all bytes that `read` yields (of a `.gz`: decompressed). */
  crc32: number;
}

/**
 * What a target must hold to be ours: the stored bytes (of a compressed target: compressed). A CRC-32 goes on from four
 * bytes of state that say nothing about the data, so it may stand in heartbeats and histories.
 */
export interface ExpectedContent {
  size: number;
  /** `zlib.crc32` of all bytes. */
  crc32: number;
}

/** What a file holds. */
export interface ContentDigest extends ExpectedContent {
  /** Lower-case hex. */
  sha256: string;
}

/** A target that is complete or absent: bytes gather in `{target}.{token}.part` until `commit`. */
export interface MultipartSink {
  /** Absolute URI of the target (not of the `.part`). */
  readonly uri: string;
  /** Bytes in the `.part` by our count; after opening with `resumeAt`: where to go on. */
  readonly offset: number;
  /** Appends at `offset`. One write at a time. @throws StorageError TargetFailed */
  write(buffer: Buffer): Promise<void>;
  /** fdatasync. Returns the durable offset, which a heartbeat may then promise. */
  sync(): Promise<number>;
  /** Goes back to an earlier offset. */
  truncate(offset: number): Promise<void>;
  /**
   * Makes the target appear at once and whole: verify, fsync, rename over it, fsync the directory. The sink is closed
   * afterwards. The `.part` is first read back: that gives its digests, and with `expected` it is compared.
   * @param beforeRename called when all is verified, right before the target appears; what it throws prevents that
   * @throws StorageError TransferCorrupt when the `.part` is not what was written; TargetFailed
   */
  commit(expected?: ExpectedContent, beforeRename?: () => void): Promise<ContentDigest>;
  /** Removes the `.part` and closes. Idempotent. */
  abort(): Promise<void>;
  /** Closes and keeps the `.part`, for a later attempt. Idempotent. */
  close(): Promise<void>;
}

/**
 * What stands at a target. `part`: our `.part` (of that token) exists. `committed`: no `.part`, and the target is
 * exactly the expected content, so an earlier attempt's commit went through. `other`: a file that is not known to be
 * ours. `absent`: neither.
 */
export type TargetState = 'absent' | 'part' | 'committed' | 'other';

/** A file that `putOnce` stored. */
export interface StoredFile {
  uri: string;
  size: number;
  /** Lower-case hex. */
  sha256: string;
  /** The file was there already, from an earlier attempt; the given bytes were not read. */
  existed: boolean;
}

/** `host`: only workers of one host see the same files. */
export type Locality = 'host' | 'shared';

/** A file that a run reads or writes, as every worker that has its root names it. */
export interface Place {
  /** The name of the root. */
  root: string;
  /** What a storage opens: `june.csv` in the default root, `payroll:june.csv` in another one. */
  uri: string;
}

/** Opens sources and targets by path or URI. Everything it throws is a `StorageError`. */
export interface Storage {
  /** What may be used, by name. */
  readonly roots: readonly { name: string; access: 'read' | 'write' }[];
  /**
   * The root that a path or URI means. A root that is none of {@link roots} is taken by its name: others may have it.
   * @throws StorageError InvalidInput
   */
  placeOf(uri: string): Promise<Place>;
  /**
   * Which file system stands under the name of a root: its marker. Undefined where it is only read, or can hold none.
   * @throws StorageError InvalidInput, or a transient one where it is another file system than at the start, or none
   */
  markerOf(root: string): Promise<string | undefined>;
  /** `shared` when every root is. */
  readonly locality: Locality;
  /** Locality of one path or URI. @throws StorageError InvalidInput */
  localityOf(uri: string): Promise<Locality>;
  /**
   * @param o.pinned the version of an earlier opening: another one is SourceChanged
   * @param o.workbook the file is a workbook: a zip is then no mistake
   * @throws StorageError InvalidInput, SourceNotFound, SourceEmpty, SourceChanged, TransferCorrupt
   */
  openSource(
    uri: string,
    o?: { pinned?: SourceVersion | undefined; workbook?: boolean },
  ): Promise<ByteSource>;
  /**
   * Opens (or creates, with missing parents) the `.part` of a target.
   * @param token names the writer, e.g. the first run ID: letters, digits, `-` and `_`
   * @param o.resumeAt truncate to this offset and go on; a missing or shorter `.part` starts at 0 (`offset` tells)
   * @throws StorageError InvalidInput, TargetFailed
   */
  openTarget(uri: string, token: string, o?: { resumeAt?: number }): Promise<MultipartSink>;
  /**
   * Makes sure that a target can be written: creates its `.part` (and missing parents), and writes into it unless it
   * holds something. The `.part` stays, empty.
   * @returns the absolute URI
   * @throws StorageError InvalidInput, TargetFailed
   */
  tryTarget(uri: string, token: string): Promise<{ uri: string }>;
  /**
   * Makes sure that `putOnce` could store a file. Leaves nothing behind.
   * @throws StorageError InvalidInput, TargetFailed
   */
  tryOnce(uri: string, token: string): Promise<void>;
  /** What stands at a target; a retried commit asks this first. */
  targetState(uri: string, token: string, expected?: ExpectedContent): Promise<TargetState>;
  /** The digests of a target that was committed. @throws StorageError TargetFailed */
  digest(uri: string): Promise<ContentDigest>;
  /** The `.part`s that others have begun for a target, after `tryTarget`. @throws StorageError TargetFailed */
  otherParts(uri: string, token: string): Promise<OtherPart[]>;
  /** Removes the `.part` of a token, if there is one; for clean-up without an open sink. */
  discardPart(uri: string, token: string): Promise<void>;
  /**
   * Stores a new file that nothing overwrites (dumps): mode 0600, missing directories 0700, complete or absent. When the
   * file exists, which below a directory of the run's own means an earlier attempt wrote it, nothing is read or written.
   */
  putOnce(uri: string, slices: AsyncIterable<Buffer>, token: string): Promise<StoredFile>;
}

/** What another run has begun for the same target. */
export interface OtherPart {
  token: string;
  /** It was begun before that of the token asked with; of two runs only one finds the other one older. */
  older: boolean;
}

/** A directory below which local files may be read and written. */
export interface StorageRoot {
  /** Default: `default` for the first one, else that of the directory. */
  name?: string;
  path: string;
  /** The same files are seen by every worker (a network file system). */
  shared?: boolean;
  /** `read`: nothing is ever written below it. Default `write`, which includes reading. */
  access?: 'read' | 'write';
}
