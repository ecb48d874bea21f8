import { z } from 'zod';
import { path, type Api } from './api';
import { modelPath } from './models';
import { compact } from './compact';
import { neededText, optionalBoolean, optionalNumber, optionalText, read, unwrap } from './parse';
import type { CallOptions, DownloadBody, ModelRef, ReadRequest, ReadTarget } from './types';

const schema = z
  .object({
    requestId: neededText,
    requestState: neededText.transform((s) => s.trim().toUpperCase()),
    availablePages: optionalNumber.transform((n) => Math.max(0, n ?? 0)),
    successful: optionalBoolean,
    viewId: optionalText,
    listId: optionalText,
    url: optionalText,
  })
  .transform(compact);

/** Reads the answer about a read request, of a view or of a list. */
export function parseReadRequest(body: unknown): ReadRequest {
  const keys = ['viewReadRequest', 'listReadRequest', 'readRequest'];
  return read(schema, unwrap(body, keys, ['requestId']), 'the read request');
}

/**
 * Large reads of views and lists, for Workspace Administrators (anaplan-api: "Read large volume view data"). A request
 * lives until it is deleted or idle for 30 minutes, where only pages whose number divides by 100 count as activity.
 */
export class ReadsApi {
  constructor(
    private readonly api: Api,
    private readonly createMs: number,
  ) {}

  /**
   * Initiates a read. NOT idempotent: each call opens another request, and one whose answer is lost cannot be found
   * again. So the answer is waited for as long as a busy model may hold it, `timeouts.completeMs`.
   * @param options - `exportType` of a view, e.g. `TABULAR_MULTI_COLUMN`, passed through as given; lists have none
   */
  create(
    ref: ModelRef,
    target: ReadTarget,
    options: { exportType?: string | undefined } = {},
    o?: CallOptions,
  ): Promise<ReadRequest> {
    const json = options.exportType === undefined ? {} : { exportType: options.exportType };
    // The trailing slash is the guide's own.
    return this.api.get(
      { method: 'POST', path: `${requests(ref, target)}/`, json, headersTimeoutMs: this.createMs },
      parseReadRequest,
      o,
    );
  }

  /** The request's state and how many pages can be read by now. */
  status(ref: ModelRef, target: ReadTarget, requestId: string, o?: CallOptions): Promise<ReadRequest> {
    return this.api.get(
      { method: 'GET', path: requests(ref, target) + path`/${requestId}`, poll: true },
      parseReadRequest,
      o,
    );
  }

  /** Downloads page `n` (from 0) as CSV, with its header lines. */
  page(
    ref: ModelRef,
    target: ReadTarget,
    requestId: string,
    n: number,
    o?: CallOptions,
  ): Promise<DownloadBody> {
    const pagePath = requests(ref, target) + path`/${requestId}/pages/${n}`;
    return this.api.download({ method: 'GET', path: pagePath, accept: 'text/csv' }, 'csv', o);
  }

  /** Deletes the request and its pages, and stops it where it still runs. */
  delete(ref: ModelRef, target: ReadTarget, requestId: string, o?: CallOptions): Promise<void> {
    return this.api.run({ method: 'DELETE', path: requests(ref, target) + path`/${requestId}` }, o);
  }
}

function requests(ref: ModelRef, target: ReadTarget): string {
  return modelPath(ref) + path`/${target.kind}/${target.id}/readRequests`;
}
