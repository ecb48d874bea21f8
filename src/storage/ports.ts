/**
 * The ports through which bytes come and go. A {@link Store} is one adapter; one contract test
 * (`test/storage/contract.ts`) holds all of them to the same behaviour.
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
  /** How messages name it: a path or the URI. Its ending tells the format. */
  readonly name: string;
  /** The version that was opened; pass it as `pinned` when opening again. */
  readonly version: SourceVersion;
  /**
   * The stored bytes from an offset, as slices of at most {@link SLICE_BYTES}; fewer than `length` only at the end. Several
   * reads may go on at a time. A slice is the reader's own: its memory may be handed to a thread, and is nobody else's.
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
   * @param look shown the bytes that `read` yields, in order; a slice is not to be kept
   */
  readBack(check?: () => void, look?: (slice: Buffer) => void): Promise<SourceDigest>;
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
  /** SHA-256 of these bytes, in lower-case hex. */
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

/**
 * From where a target can be gone on with: what its store needs for that and nobody else understands (an offset, an upload
 * ID with the parts so far). Plain JSON, small, and without a byte of what is written: it travels in heartbeats and
 * histories.
 */
export type SinkState = Readonly<Record<string, unknown>>;

/** A target that is complete or absent: bytes gather out of sight until `commit`. */
export interface Sink {
  /** Bytes written by our count, those that it went on from included. */
  readonly size: number;
  /** Appends. One write at a time. @throws StorageError TargetFailed */
  write(buffer: Buffer): Promise<void>;
  /**
   * Makes all that was written durable.
   * @returns the state from which `resumeTarget` goes on after it, which a heartbeat may then promise. It stays good until
   *   the target is begun anew, or gone on with, or rolled back, from before it
   */
  sync(): Promise<SinkState>;
  /**
   * Drops what was written after the first `size` bytes, and makes these durable.
   * @returns as `sync`; undefined where the store cannot go back so far: then nothing more can be written, and the last
   *   state stays good
   */
  rollBack(size: number): Promise<SinkState | undefined>;
  /**
   * Makes the target appear at once and whole, in place of what stands there. What was written is first read back: that
   * gives its digests, which are compared. The sink is closed afterwards.
   * @param beforeAppearing awaited when all is verified; what it throws prevents that the target appears
   * @throws StorageError TransferCorrupt when what gathered is not what is expected; TargetFailed
   */
  commit(expected: ExpectedContent, beforeAppearing?: () => void | Promise<void>): Promise<ContentDigest>;
  /** Keeps what gathered, for a later attempt. Idempotent. */
  close(): Promise<void>;
}

/** A file that `putOnce` stored. */
export interface StoredFile {
  uri: string;
  size: number;
}

/** A file that a run reads or writes, as every worker that has its root names it. */
export interface Place {
  /** The name of the root. */
  root: string;
  /** What a storage opens: `june.csv` in the default root, `payroll:june.csv` in another one. */
  uri: string;
}

/**
 * One kind of place for bytes: local files, an object store. {@link Storage} chooses it by the scheme of a URI, and puts the
 * formats on top. Everything it throws is a `StorageError`.
 */
export interface Store {
  /** What its URIs begin with, in lower case: `s3` for `s3://`. */
  readonly schemes: readonly string[];
  /**
   * @param pinned the version of an earlier opening: another one is SourceChanged
   * @throws StorageError InvalidInput, SourceNotFound, SourceChanged, TransferCorrupt
   */
  openSource(uri: string, pinned: SourceVersion | undefined): Promise<StoredSource>;
  /**
   * Begins a target, with missing parents. What gathered for it under that token before is dropped.
   * @param token names the writer, e.g. the first run ID: letters, digits, `-` and `_`
   * @throws StorageError InvalidInput, TargetFailed
   */
  openTarget(uri: string, token: string): Promise<Sink>;
  /**
   * Goes on with a target from a state that its sink gave; what was written after it is dropped.
   * @returns undefined where that is not possible, as what gathered is gone or is less: begin again
   * @throws StorageError InvalidInput, TargetFailed
   */
  resumeTarget(uri: string, token: string, state: SinkState): Promise<Sink | undefined>;
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
  /**
   * Whether a commit went through; one that is tried again asks this first.
   * @returns the digests of the target, where it is exactly what is expected and nothing gathers for it any more
   * @throws StorageError InvalidInput, TargetFailed
   */
  committed(uri: string, token: string, expected: ExpectedContent): Promise<ContentDigest | undefined>;
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

/** Opens sources and targets by path or URI. Everything it throws is a `StorageError`. */
export interface Storage extends Omit<Store, 'schemes' | 'openSource'> {
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
  /**
   * @param o.pinned the version of an earlier opening: another one is SourceChanged
   * @param o.workbook the file is a workbook: a zip is then no mistake
   * @throws StorageError InvalidInput, SourceNotFound, SourceEmpty, SourceChanged, TransferCorrupt
   */
  openSource(
    uri: string,
    o?: { pinned?: SourceVersion | undefined; workbook?: boolean },
  ): Promise<ByteSource>;
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
  /** A note for readers: several hosts have it (a network file system). */
  shared?: boolean;
  /** `read`: nothing is ever written below it. Default `write`, which includes reading. */
  access?: 'read' | 'write';
}
