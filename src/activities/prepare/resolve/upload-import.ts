import type { UploadImportInput } from '../../../contracts';
import { fail } from '../../attempt/failures';
import { fileUses, find, isFileImport, named, type Resolved, type Scope } from './lookups';
import { fileById, findFile, preparedUpload } from './uploads';

/** An import of a file, and the file to upload to. */
export async function uploadImport(s: Scope, input: UploadImportInput): Promise<Resolved<'uploadImport'>> {
  const found = await find(s, 'import', input.import, s.client.imports);
  const metadata = await s.client.imports.get(s.ref, found.id, { signal: s.signal });
  const { id, name } = named({ id: found.id, name: found.name || metadata.name });
  // The import reads its own data source, whatever file is uploaded.
  const { importDataSourceId: reads } = found;
  if (!isFileImport(metadata, reads)) {
    throw fail(
      'InvalidInput',
      `import: "${name}" (${id}) does not read a file${metadata.type ? ` but ${metadata.type}` : ''}, so there is nothing to upload.`,
      { remedy: 'Run it with run-action (workflow runAction).' },
    );
  }
  if (input.file === undefined && reads === undefined)
    throw fail('InvalidInput', `file: Anaplan does not say which file import "${name}" reads.`, {
      remedy: 'Name it.',
    });
  const file =
    input.file === undefined
      ? await fileById(s, reads ?? '', `Import "${name}"`)
      : await findFile(s, input.file);
  // Columns are those of the file that the import reads, not of another one that is uploaded.
  const readsIt = reads === undefined || reads === file.id;
  return {
    object: { kind: 'import', id, name },
    action: { kind: 'imports', id, name },
    upload: preparedUpload(file, input.source, input, readsIt ? [{ name, metadata }] : []),
    files: fileUses({ reads: reads === undefined ? [] : [reads], replaces: [file.id] }),
  };
}
