/** All workflows. To serve them from a worker of your own: `export * from 'anaplan-temporal/workflows'`. */
export { uploadImport } from './upload-import';
export { exportDownload } from './export-download';
export { processWithDumps } from './process-with-dumps';
export { largeViewRead } from './large-view-read';
export { largeListRead } from './large-list-read';
export { runAction } from './run-action';
export { uploadFile } from './upload-file';
export { downloadFile } from './download-file';
export { anaplanLock } from './lock';
export { anaplanBudget } from './budget';
