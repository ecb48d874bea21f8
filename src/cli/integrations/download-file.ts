import { targetFlags, type IntegrationCommand } from './command';

/** `anaplan-temporal download-file` */
export const downloadFile: IntegrationCommand<'downloadFile'> = {
  integration: 'downloadFile',
  summary: "Download a file of a model: an export's output or an uploaded file",
  example: '--file "Sales - export.csv" --target out/sales.csv',
  fields: ['file', 'target', 'compress'],
  flags: (command) => targetFlags(command.option('--file <name|id>', 'file of the model (required)')),
};
