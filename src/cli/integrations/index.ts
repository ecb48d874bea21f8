import type { IntegrationCommand } from './command';
import { downloadFile } from './download-file';
import { exportDownload } from './export-download';
import { largeListRead } from './large-list-read';
import { largeViewRead } from './large-view-read';
import { processWithDumps } from './process-with-dumps';
import { runAction } from './run-action';
import { uploadFile } from './upload-file';
import { uploadImport } from './upload-import';

/** The commands of all integrations, in the order the help lists them. */
export const INTEGRATION_COMMANDS = [
  uploadImport,
  exportDownload,
  processWithDumps,
  largeViewRead,
  largeListRead,
  runAction,
  uploadFile,
  downloadFile,
] as unknown as readonly IntegrationCommand[];

export { commonFlags, flagOf, inputOf, type Flags, type IntegrationCommand } from './command';
