import { path, type Api } from './api';
import { listChunks } from './chunks';
import { BYTES } from './files';
import { actionPath } from './tasks';
import type { ActionRef, CallOptions, Chunk, DownloadBody, ModelRef } from './types';

/**
 * Failure dumps (anaplan-api: "Check dump file for failures"): CSV, at most 10 MB a chunk. Only the user's last task has
 * one, and the next run erases it: an older task answers 404.
 *
 * `objectId` is that of the nested result for a process (`/dumps/{objectId}`), and undefined for an import of its
 * own (`/dump`).
 */
export class DumpsApi {
  constructor(private readonly api: Api) {}

  /** The chunks of a dump in the order in which they are joined. */
  chunks(
    ref: ModelRef,
    action: ActionRef,
    taskId: string,
    objectId: string | undefined,
    o?: CallOptions,
  ): Promise<Chunk[]> {
    return listChunks(
      this.api,
      `${dumpPath(ref, action, taskId, objectId)}/chunks`,
      `the chunk list of the dump of task ${taskId}`,
      o,
    );
  }

  /** Downloads one chunk of a dump. */
  getChunk(
    ref: ModelRef,
    action: ActionRef,
    taskId: string,
    objectId: string | undefined,
    chunkId: string,
    o?: CallOptions,
  ): Promise<DownloadBody> {
    const chunkPath = dumpPath(ref, action, taskId, objectId) + path`/chunks/${chunkId}`;
    return this.api.download({ method: 'GET', path: chunkPath, accept: BYTES }, 'csv', o);
  }

  /** Downloads a dump in one piece; large ones run into time-outs (anaplan-api: "Check dump file for failures"), so {@link chunks} come first. */
  getWhole(
    ref: ModelRef,
    action: ActionRef,
    taskId: string,
    objectId: string | undefined,
    o?: CallOptions,
  ): Promise<DownloadBody> {
    return this.api.download(
      { method: 'GET', path: dumpPath(ref, action, taskId, objectId), accept: BYTES },
      'csv',
      o,
    );
  }
}

function dumpPath(ref: ModelRef, action: ActionRef, taskId: string, objectId: string | undefined): string {
  const task = actionPath(ref, action) + path`/tasks/${taskId}`;
  return objectId === undefined ? `${task}/dump` : task + path`/dumps/${objectId}`;
}
