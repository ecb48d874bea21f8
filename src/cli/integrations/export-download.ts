import { START_FIELDS, startFlags, targetFlags, type IntegrationCommand } from './command';

/** `anaplan-temporal export-download` */
export const exportDownload: IntegrationCommand<'exportDownload'> = {
  integration: 'exportDownload',
  summary: 'Run an export and download its file',
  example: '--export "Sales by month" --target out/sales.csv',
  fields: ['export', 'target', 'compress', ...START_FIELDS],
  flags: (command) => startFlags(targetFlags(command.option('--export <name|id>', 'export (required)'))),
};
