/** What each integration works on: imports, exports, processes, views ... by name or ID, inside one model. */
import type { IntegrationInputs, IntegrationName } from '../../../contracts';
import { downloadFile } from './download-file';
import { exportDownload } from './export-download';
import { largeListRead } from './large-list-read';
import { largeViewRead } from './large-view-read';
import type { Resolved, Scope } from './lookups';
import { processWithDumps } from './process-with-dumps';
import { runAction } from './run-action';
import { uploadFile } from './upload-file';
import { uploadImport } from './upload-import';

/** What each integration works on, beside workspace and model. Nothing is changed by finding it out. */
export const resolvers: {
  [N in IntegrationName]: (s: Scope, input: IntegrationInputs[N]) => Promise<Resolved<N>>;
} = {
  uploadImport,
  exportDownload,
  processWithDumps,
  largeViewRead,
  largeListRead,
  runAction,
  uploadFile,
  downloadFile,
};
