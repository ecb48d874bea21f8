import { targetFlags, type IntegrationCommand } from './command';

/** `anaplan-temporal export-download` */
export const exportDownload: IntegrationCommand<'exportDownload'> = {
  integration: 'exportDownload',
  summary: 'Run an export and download its file',
  example: '--export "Sales by month" --target out/sales.csv',
  fields: ['export', 'target', 'compress'],
  flags: (command) => targetFlags(command.option('--export <name|id>', 'export (required)')),
};
