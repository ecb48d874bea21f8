import { sourceFlag, type IntegrationCommand } from './command';

/** `anaplan-temporal upload-file` */
export const uploadFile: IntegrationCommand<'uploadFile'> = {
  integration: 'uploadFile',
  summary: 'Upload a file, without an import',
  example: '--file sales.csv --source data/sales.csv',
  fields: ['file', 'source'],
  flags: (command) => sourceFlag(command.option('--file <name|id>', 'file of the model (required)')),
};
