/** Sources and their uploads. */
import type { CheckHeader } from '../../contracts';
import type { SourceVersion } from '../../storage';
import type { Call, DumpTrial, Named, RootPin } from '../attempt/contract';
import type { ImportHeader, RecordShape, UploadFile } from '../prepare/contract';

/** The version of a source that a run uploads. */
export interface PinnedSource {
  /** Absolute, on {@link host}. */
  uri: string;
  /** How every worker that has the root names it. */
  place: string;
  root: RootPin;
  /** The host on which it was found. */
  host: string;
  version: SourceVersion;
  /** Bytes as uploaded; absent when they are not known before the end (`.gz`). */
  size?: number;
  /** Warnings about the header line. */
  warnings?: string[];
}

/** Where an upload stands. */
export interface UploadPosition {
  next: number;
  offset: number;
  /** CRC-32 of the bytes before `offset`: four bytes that say nothing of what they are made of. */
  crc32: number;
  /** When the last chunk was sent, epoch ms: from then on Anaplan counts the age of the file. */
  sentAt?: number;
}

/** One batch of chunks. */
export interface UploadChunksInput extends Call {
  file: Named;
  source: PinnedSource;
  workbook: boolean;
  /** How the file's records are written: absent where nobody knows. */
  records?: RecordShape;
  /** Chunks that are sent at a time. Default: what the connection's configuration says, else 1. */
  parallelChunks?: number;
  /** Where this batch starts; absent: at the beginning, which also sets the chunk count. */
  from?: UploadPosition;
}

/** Where a batch ended. */
export interface UploadChunksResult extends UploadPosition {
  done: boolean;
  /** Whether Anaplan still has to be told that the upload is complete. */
  completeNeeded: boolean;
  /** With `done`: the source as it stands, read back and found to be what was sent. */
  stands?: { bytes: number; sha256: string; rows?: number };
}

/** The activities of this step. */
export interface UploadActivities {
  'anaplan.openSource'(input: {
    source: string;
    root: RootPin;
    workbook: boolean;
    headers?: ImportHeader[];
    /** What happens to the run where the source lacks columns. Default `fail`. */
    checkHeader?: CheckHeader;
    /** Tried in the source's root, so that it takes no activity of its own. */
    dumps?: DumpTrial;
  }): Promise<PinnedSource>;
  'anaplan.uploadChunks'(input: UploadChunksInput): Promise<UploadChunksResult>;
  'anaplan.completeUpload'(input: Call & { file: UploadFile; chunks: number }): Promise<void>;
}
