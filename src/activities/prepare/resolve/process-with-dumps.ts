import type { ProcessDownload as Download, ProcessWithDumpsInput } from '../../../contracts';
import { fail } from '../../attempt/failures';
import type { Named } from '../../attempt/contract';
import type { PreparedUpload, ProcessDownload, ProcessStep } from '../contract';
import { ImportHeaders } from '../import-header';
import { fileUses, find, findExport, named, type Resolved, type Scope } from './lookups';
import { filesRead, filesWritten, stepsOf } from './process-steps';
import { findFile, preparedUpload, type Reader } from './uploads';

/** A process with its actions, the files to upload to, and those of its exports. */
export async function processWithDumps(
  s: Scope,
  input: ProcessWithDumpsInput,
): Promise<Resolved<'processWithDumps'>> {
  const found = named(await find(s, 'process', input.process, s.client.processes));
  const steps = await stepsOf(s, found.id);
  const uploads = await uploadsOf(s, input, steps);
  const downloads = await downloadsOf(s, input.downloads ?? [], found, steps);
  const uploaded = uploads.map((upload) => upload.file.id);
  const filesNotUploaded = steps
    .filter((step) => step.fileId !== undefined && !uploaded.includes(step.fileId))
    .map((step) => step.name);
  if (input.requireUploads && filesNotUploaded.length > 0) {
    throw fail(
      'InvalidInput',
      `uploads: requireUploads is set, and ${filesNotUploaded.map((m) => `"${m}"`).join(', ')} of process "${found.name}" got no upload.`,
    );
  }
  const downloaded = downloads.map((download) => download.export.id);
  return {
    object: { kind: 'process', ...found },
    action: { kind: 'processes', ...found },
    steps,
    uploads,
    downloads,
    filesNotUploaded,
    files: fileUses({
      reads: [...(await filesRead(s, steps)), ...downloaded],
      replaces: [...uploaded, ...filesWritten(steps)],
    }),
  };
}

/** So many imports of one file are compared with its source. */
const MAX_READERS = 20;

async function uploadsOf(
  s: Scope,
  input: ProcessWithDumpsInput,
  steps: readonly ProcessStep[],
): Promise<PreparedUpload[]> {
  const out: PreparedUpload[] = [];
  const columns = new ImportHeaders();
  for (const [i, upload] of (input.uploads ?? []).entries()) {
    const file = await findFile(s, upload.file);
    if (out.some((u) => u.file.id === file.id)) {
      throw fail('InvalidInput', `uploads.${i}.file: file "${file.name}" (${file.id}) is named twice.`);
    }
    const reading = steps.filter((step) => step.fileId === file.id && step.kind === 'imports');
    const readers: Reader[] = [];
    for (const { id, name } of [...new Map(reading.map((step) => [step.id, step])).values()].slice(
      0,
      MAX_READERS,
    )) {
      readers.push({ name, metadata: await s.client.imports.get(s.ref, id, { signal: s.signal }) });
    }
    out.push(preparedUpload(file, upload.source, input, readers, columns));
  }
  return out;
}

async function downloadsOf(
  s: Scope,
  downloads: readonly Download[],
  process: Named,
  steps: readonly ProcessStep[],
): Promise<ProcessDownload[]> {
  const out: ProcessDownload[] = [];
  for (const { export: given, target } of downloads) {
    const found = await findExport(s, given);
    if (steps.length > 0 && !steps.some((step) => step.id === found.id)) {
      throw fail(
        'InvalidInput',
        `downloads: export "${found.name}" (${found.id}) is not an action of process "${process.name}", so the process does not write it.`,
        { remedy: 'Download it with export-download.' },
      );
    }
    out.push({ export: found, target });
  }
  return out;
}
