/** Targets and downloads. */
import type { SinkState } from '../../storage';
import type { Call, DumpTrial, Named, RootPin } from '../attempt/contract';

/** Where a download stands: bytes before `offset` are durable. */
export interface DownloadPosition {
  next: number;
  /** Bytes of the target. */
  offset: number;
  /** CRC-32 of the bytes before `offset`. */
  crc32: number;
  /** From where the target is gone on with; absent: from its beginning. */
  sink?: SinkState;
  /** Bytes that Anaplan has sent for them: other than `offset` where the target is compressed. */
  received: number;
  rows: number;
  /** Large reads: the digest of page 0's header, its line end, and whether the last byte written ended no line. */
  header?: string;
  crlf?: boolean;
  lineOpen?: boolean;
  /** Large reads: when the state of the request was last asked for, epoch ms by the Temporal server's clock. */
  polledAt?: number;
  /** Large reads: what it said: pages that can be read, and whether they are all. */
  available?: number;
  complete?: boolean;
  /** Large reads: when a page was asked for that keeps the request from expiring, by the same clock. */
  touchedAt?: number;
}

/** A target and the token of its `.part` file. */
export interface TargetRef {
  /** As every worker that has the root names it. */
  uri: string;
  token: string;
  root: RootPin;
}

/** What a run will have to write in one root. */
export interface TryTargetsInput {
  root: RootPin;
  /** Their `.part` files are created, and stay. */
  targets: Omit<TargetRef, 'root'>[];
  dumps?: DumpTrial;
}

/** What will be written can be written. */
export interface TriedTargets {
  /** Absolute URIs, in the order of the targets. */
  uris: string[];
  host: string;
  root: RootPin;
}

/** One batch of chunks of a file. */
export interface DownloadChunksInput extends Call {
  file: Named;
  target: TargetRef;
  /** The chunk IDs; absent: `0` to `count - 1`. */
  ids?: string[];
  /** 0: Anaplan lists no chunk, so that the file is asked for whole. */
  count: number;
  /** Bytes that Anaplan says the file has. 0: it is meant to be empty. */
  bytes?: number;
  compress: boolean;
  from?: DownloadPosition;
}

/** Where a batch of a download or a large read ended. */
export interface DownloadResult extends DownloadPosition {
  done: boolean;
  /** The batch cannot be continued: the `.part` was not where it should be. */
  restart?: boolean;
  /** Large reads: Anaplan gave the request up. */
  failed?: string;
  /** Large reads: the next page is not there yet, and has not been for a while. */
  waiting?: true;
}

/** The activities of this step. */
export interface DownloadActivities {
  'anaplan.fileChunks'(input: Call & { file: Named }): Promise<{ count: number; ids?: string[] }>;
  'anaplan.downloadChunks'(input: DownloadChunksInput): Promise<DownloadResult>;
  'anaplan.tryTargets'(input: TryTargetsInput): Promise<TriedTargets>;
  'anaplan.commitTarget'(input: {
    target: TargetRef;
    /** Where its download ended. */
    end: Pick<DownloadPosition, 'offset' | 'crc32' | 'sink'>;
  }): Promise<{ sha256: string }>;
  'anaplan.discardTarget'(input: { target: TargetRef }): Promise<void>;
}
