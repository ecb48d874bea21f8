import { targetFlags, type IntegrationCommand } from './command';

/** `anaplan-temporal large-view-read` */
export const largeViewRead: IntegrationCommand<'largeViewRead'> = {
  integration: 'largeViewRead',
  summary: 'Read a view of any size into a file',
  example: '--module Sales --view "By region" --target out/sales.csv',
  fields: ['view', 'module', 'exportType', 'target', 'compress'],
  flags: (command) =>
    targetFlags(
      command
        .option('--view <name|id>', 'saved view, or the ID of a module for its default view (required)')
        .option('--module <name|id>', "the view's module, when the view is given by name")
        .option('--export-type <type>', 'layout of the pages (default: TABULAR_MULTI_COLUMN)'),
    ),
};
