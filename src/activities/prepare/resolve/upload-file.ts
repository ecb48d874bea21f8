import type { UploadFileInput } from '../../../contracts';
import { fileUses, named, type Resolved, type Scope } from './lookups';
import { findFile, preparedUpload } from './uploads';

/** A file to upload to. */
export async function uploadFile(s: Scope, input: UploadFileInput): Promise<Resolved<'uploadFile'>> {
  const file = await findFile(s, input.file);
  return {
    object: { kind: 'file', ...named(file) },
    upload: preparedUpload(file, input.source, input),
    files: fileUses({ replaces: [file.id] }),
  };
}
