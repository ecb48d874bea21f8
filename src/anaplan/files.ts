import { z } from 'zod';
import { path, type Api, type Collection } from './api';
import { listChunks } from './chunks';
import { modelPath } from './models';
import { compact } from './compact';
import { neededText, optionalNumber, optionalText, read, textOrEmpty, unwrap } from './parse';
import type {
  AnaplanFile,
  CallOptions,
  Chunk,
  ChunkBody,
  DownloadBody,
  ModelRef,
  PageOptions,
} from './types';

const schema = z
  .object({
    id: neededText,
    name: textOrEmpty,
    chunkCount: optionalNumber,
    delimiter: optionalText,
    encoding: optionalText,
    firstDataRow: optionalNumber,
    format: optionalText,
    headerRow: optionalNumber,
    separator: optionalText,
  })
  .transform(compact);

/** Reads one file. */
export function parseFile(raw: unknown): AnaplanFile {
  return read(schema, raw, 'the file');
}

const fileOf = (body: unknown): unknown => unwrap(body, ['file', 'files'], ['id']);

/** Files of a model: uploads in chunks, downloads in chunks (anaplan-api: "Upload Files for Actions", "Download Files"). */
export class FilesApi {
  constructor(
    private readonly api: Api,
    private readonly completeMs: number,
  ) {}

  /** All files of the model, data sources (113...) and export outputs (116...). */
  list(ref: ModelRef, o: FileListOptions = {}): Promise<AnaplanFile[]> {
    return this.api.list(files(ref, o), o);
  }

  /** As {@link list}, one after the other; `limit` is the size of a page. */
  each(ref: ModelRef, o: FileListOptions = {}): AsyncGenerator<AnaplanFile> {
    return this.api.each(files(ref, o), o);
  }

  /** Removes the user's private content of the file; the file itself and its default content stay. */
  delete(ref: ModelRef, id: string, o?: CallOptions): Promise<void> {
    return this.api.run({ method: 'DELETE', path: filePath(ref, id) }, o);
  }

  /**
   * Announces an upload of `n` chunks, or of an unknown number with -1 ({@link complete} ends it then).
   * @returns the file Anaplan will fill. Compare its ID with the asked one: for an unknown ID Anaplan creates another
   * file (anaplan-api: "Files (public clients)")
   * @throws AnaplanError of kind `protocol` where the answer names no file
   */
  setChunkCount(ref: ModelRef, id: string, n: number, o?: CallOptions): Promise<AnaplanFile> {
    return this.api.get(
      { method: 'POST', path: filePath(ref, id), json: { chunkCount: n } },
      (body) => parseFile(fileOf(body)),
      o,
    );
  }

  /** Sends the chunk `index` (from 0): at most 50 MB uncompressed. Sending it again is harmless until the upload is whole. */
  putChunk(ref: ModelRef, id: string, index: number, body: ChunkBody, o?: CallOptions): Promise<void> {
    const chunkPath = filePath(ref, id) + path`/chunks/${index}`;
    return this.api.run({ method: 'PUT', path: chunkPath, chunk: body, priority: 'bulk' }, o);
  }

  /**
   * Ends an upload of unknown chunk count. Can block for 15 to 40 minutes on several GB; the time-out is
   * `timeouts.completeMs`.
   * @param file - its metadata, as {@link list} gave it, with the `chunkCount` that was sent
   * @returns the file as Anaplan sees it now, where the answer says
   */
  complete(
    ref: ModelRef,
    id: string,
    file: Partial<AnaplanFile>,
    o?: CallOptions,
  ): Promise<AnaplanFile | undefined> {
    const { name, chunkCount, firstDataRow, headerRow } = file;
    return this.api.get(
      {
        method: 'POST',
        path: `${filePath(ref, id)}/complete`,
        json: { id, name, chunkCount, firstDataRow, headerRow },
        headersTimeoutMs: this.completeMs,
      },
      (body) => {
        const raw = fileOf(body);
        return raw === undefined ? undefined : parseFile(raw);
      },
      o,
    );
  }

  /** Uploads a file whole, for small ones. Must not be compressed (anaplan-api: "Upload file as a single chunk"). */
  put(ref: ModelRef, id: string, body: ChunkBody, o?: CallOptions): Promise<void> {
    if (body.gzip) throw new TypeError('A file that is uploaded as a single chunk must not be compressed.');
    return this.api.run({ method: 'PUT', path: filePath(ref, id), chunk: body, priority: 'bulk' }, o);
  }

  /** The chunks of the file's content in the order in which they are joined; [] where it has none. */
  chunks(ref: ModelRef, id: string, o?: CallOptions): Promise<Chunk[]> {
    return listChunks(this.api, `${filePath(ref, id)}/chunks`, `the chunk list of file ${id}`, o);
  }

  /** Downloads the file in one piece, for one whose chunks Anaplan does not list. */
  getWhole(ref: ModelRef, id: string, o?: CallOptions): Promise<DownloadBody> {
    return this.api.download({ method: 'GET', path: filePath(ref, id), accept: BYTES }, 'bytes', o);
  }

  /** Downloads one chunk. */
  getChunk(ref: ModelRef, id: string, chunkId: string, o?: CallOptions): Promise<DownloadBody> {
    const chunkPath = filePath(ref, id) + path`/chunks/${chunkId}`;
    return this.api.download({ method: 'GET', path: chunkPath, accept: BYTES }, 'bytes', o);
  }
}

/** Options of the list of files. */
export interface FileListOptions extends PageOptions {
  /** The field to sort by, e.g. `name`; descending with `-` before it. */
  sort?: string | undefined;
}

const files = (ref: ModelRef, o: FileListOptions): Collection<AnaplanFile> => ({
  path: `${modelPath(ref)}/files`,
  query: { sort: o.sort },
  what: 'the list of files',
  keys: ['files', 'file'],
  item: parseFile,
  idOf: (file) => file.id,
});

/** Chunks are answered as a stream of bytes (anaplan-api: "Formats"); an error body is JSON. */
export const BYTES = 'application/octet-stream, application/json;q=0.9, */*;q=0.8';

function filePath(ref: ModelRef, id: string): string {
  return modelPath(ref) + path`/files/${id}`;
}
