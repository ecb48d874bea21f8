import { targetFlags, type IntegrationCommand } from './command';

/** `anaplan-temporal large-list-read` */
export const largeListRead: IntegrationCommand<'largeListRead'> = {
  integration: 'largeListRead',
  summary: 'Read a list of any size into a file',
  example: '--list Products --target out/products.csv',
  fields: ['list', 'target', 'compress'],
  flags: (command) => targetFlags(command.option('--list <name|id>', 'list (required)')),
};
