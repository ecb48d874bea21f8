/** Large reads. */
import type { Named, Call } from '../attempt/contract';
import type { DownloadPosition, TargetRef, DownloadResult } from '../download/contract';

/** A view or list that is read. */
export interface ReadTarget extends Named {
  kind: 'views' | 'lists';
}

/** One batch of pages. */
export interface ReadPagesInput extends Call {
  read: ReadTarget;
  requestId: string;
  target: TargetRef;
  compress: boolean;
  /** Merge pages as they are, without looking for a repeated header. */
  verbatim: boolean;
  from?: DownloadPosition;
}

/** What the state of a read request said when there was something to read, or to give up for. */
export type AwaitedPages = Required<
  Pick<DownloadPosition, 'polledAt' | 'available' | 'complete' | 'touchedAt'>
> & {
  /** Anaplan gave the request up. */
  failed?: string;
};

/** The activities of this step. */
export interface ReadActivities {
  'anaplan.createReadRequest'(input: Call & { read: ReadTarget; exportType?: string }): Promise<{
    requestId: string;
    /** Requests before it whose answer was lost: each may have opened a read. */
    lost?: number;
  }>;
  'anaplan.readPages'(input: ReadPagesInput): Promise<DownloadResult>;
  'anaplan.awaitPages'(
    input: Call & { read: ReadTarget; requestId: string; from: DownloadPosition },
  ): Promise<AwaitedPages>;
  'anaplan.deleteReadRequest'(input: Call & { read: ReadTarget; requestId: string }): Promise<void>;
}
