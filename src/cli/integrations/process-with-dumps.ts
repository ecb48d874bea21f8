import type { ProcessDownload, ProcessUpload } from '../../contracts';
import { downloadOption, uploadOption } from '../parse';
import { ACTION_FIELDS, actionFlags, checkHeaderFlag, type IntegrationCommand } from './command';

/** `anaplan-temporal process-with-dumps` */
export const processWithDumps: IntegrationCommand<'processWithDumps'> = {
  integration: 'processWithDumps',
  summary: 'Upload files, run a process, keep every failure dump, download the exports it wrote',
  example:
    '--process "Nightly load" --upload sales.csv=data/sales.csv --download "Sales by month=out/sales.csv"',
  fields: ['process', 'uploads', 'downloads', 'requireUploads', 'checkHeader', ...ACTION_FIELDS],
  flags: (command) =>
    actionFlags(
      checkHeaderFlag(command)
        .option('--process <name|id>', 'process (required)')
        .option<ProcessUpload[]>(
          '--upload <file=source>',
          'upload a source to a file first; repeatable',
          uploadOption,
        )
        .option<ProcessDownload[]>(
          '--download <export=target>',
          'download an export that the process writes; repeatable',
          downloadOption,
        )
        .option('--require-uploads', 'refuse to start when a file import of the process gets no upload'),
    ),
};
