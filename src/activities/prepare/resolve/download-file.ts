import type { DownloadFileInput } from '../../../contracts';
import { fileUses, named, type Resolved, type Scope } from './lookups';
import { findFile } from './uploads';

/** A file to download. */
export async function downloadFile(s: Scope, input: DownloadFileInput): Promise<Resolved<'downloadFile'>> {
  const file = named(await findFile(s, input.file));
  return { object: { kind: 'file', ...file }, file, files: fileUses({ reads: [file.id] }) };
}
