import { ACTION_FIELDS, actionFlags, type IntegrationCommand } from './command';

/** `anaplan-temporal run-action` */
export const runAction: IntegrationCommand<'runAction'> = {
  integration: 'runAction',
  summary: 'Run any import, export, process or other action without a transfer',
  example: '--action "Delete inactive products"',
  fields: ['action', ...ACTION_FIELDS],
  flags: (command) => actionFlags(command.option('--action <name|id>', 'action of any kind (required)')),
};
