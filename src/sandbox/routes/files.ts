import { bytes, empty, header, pause, readJson, Refusal } from '../http';
import type { StoredFile } from '../files';
import { envelope, holds, indexParam, paged, param, type Call, type Route } from './route';

function describe(call: Call, file: StoredFile, announced?: number): object {
  const { id, name, encoding, separator, headerRow, firstDataRow } = file.definition;
  const chunkCount = announced ?? call.model.files.chunkCount(file);
  // anaplan-api: "Get the list of export files": export files have fewer properties.
  if (id.startsWith('116')) return { id, name, chunkCount, firstDataRow: 0, headerRow: 0 };
  return {
    id,
    name,
    chunkCount,
    delimiter: '"',
    encoding,
    firstDataRow,
    format: 'txt',
    headerRow,
    separator,
  };
}

/** Notes a write to a file that a running import reads. */
function watch(call: Call, fileId: string): void {
  if (!call.repeated && call.model.readsFile(fileId)) {
    call.world.misuse.note('upload-while-import-runs', `${call.method} ${call.path}`);
  }
}

function contentKind(call: Call): 'plain' | 'gzip' {
  const type = (header(call.headers, 'content-type') ?? 'application/octet-stream')
    .split(';')[0]
    ?.trim()
    .toLowerCase();
  if (type === 'application/octet-stream') return 'plain';
  if (type === 'application/x-gzip') return 'gzip';
  throw new Refusal(415, 'A chunk must be application/octet-stream or application/x-gzip.');
}

/** Files and their chunks. None of these is answered while a model is busy. */
export const fileRoutes: Route[] = [
  holds('GET', '/models/{m}/files', (call) =>
    paged(
      call,
      'file',
      'files',
      [...call.model.files.files.values()].map((file) => describe(call, file)),
    ),
  ),
  holds('POST', '/models/{m}/files/{f}', async (call) => {
    const { chunkCount } = await readJson(call.body);
    const count = typeof chunkCount === 'string' ? Number(chunkCount) : chunkCount;
    if (typeof count !== 'number') throw new Refusal(400, 'chunkCount is required.');
    watch(call, param(call, 'f'));
    const file = call.model.files.setChunkCount(param(call, 'f'), count);
    return envelope(call, 'file', { file: describe(call, file, count) });
  }),
  holds('PUT', '/models/{m}/files/{f}', async (call) => {
    // anaplan-api: "Upload file as a single chunk": such a file cannot be compressed.
    if (contentKind(call) === 'gzip')
      throw new Refusal(415, 'A file that is sent as a whole cannot be compressed.');
    watch(call, param(call, 'f'));
    await call.model.files.putWhole(param(call, 'f'), call.body);
    return empty();
  }),
  holds('DELETE', '/models/{m}/files/{f}', (call) => {
    call.model.files.delete(param(call, 'f'));
    return empty();
  }),
  holds('PUT', '/models/{m}/files/{f}/chunks/{i}', async (call) => {
    watch(call, param(call, 'f'));
    await call.model.files.putChunk(
      param(call, 'f'),
      indexParam(call, 'i'),
      call.body,
      contentKind(call) === 'gzip',
    );
    return empty();
  }),
  holds('POST', '/models/{m}/files/{f}/complete', async (call) => {
    await readJson(call.body);
    if (call.world.settings.completeDelayMs > 0) await pause(call.world.settings.completeDelayMs);
    const file = call.model.files.complete(param(call, 'f'));
    return envelope(call, 'file', { file: describe(call, file) });
  }),
  holds('GET', '/models/{m}/files/{f}', async (call) =>
    bytes(await call.model.files.readWhole(param(call, 'f')), 'application/octet-stream'),
  ),
  holds('GET', '/models/{m}/files/{f}/chunks', (call) => {
    const file = call.model.files.require(param(call, 'f'));
    const chunks = Array.from({ length: call.model.files.chunkCount(file) }, (_, i) => ({
      id: String(i),
      name: `Chunk ${i}`,
    }));
    return paged(call, 'chunk', 'chunks', chunks, true);
  }),
  holds('GET', '/models/{m}/files/{f}/chunks/{i}', async (call) =>
    bytes(
      await call.model.files.readChunk(param(call, 'f'), indexParam(call, 'i')),
      'application/octet-stream',
    ),
  ),
];
