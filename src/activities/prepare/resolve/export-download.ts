import type { ExportDownloadInput } from '../../../contracts';
import { fileUses, findExport, type Resolved, type Scope } from './lookups';

/** An export, whose file has its ID. */
export async function exportDownload(
  s: Scope,
  input: ExportDownloadInput,
): Promise<Resolved<'exportDownload'>> {
  const found = await findExport(s, input.export);
  return {
    object: { kind: 'export', ...found },
    action: { kind: 'exports', ...found },
    files: fileUses({ replaces: [found.id] }),
  };
}
