import { ACTION_FIELDS, actionFlags, checkHeaderFlag, sourceFlag, type IntegrationCommand } from './command';

/** `anaplan-temporal upload-import` */
export const uploadImport: IntegrationCommand<'uploadImport'> = {
  integration: 'uploadImport',
  summary: "Upload a file to an import's data source and run the import",
  example: '--import "Load sales" --source data/sales.csv',
  fields: ['import', 'source', 'file', 'checkHeader', ...ACTION_FIELDS],
  flags: (command) =>
    actionFlags(
      checkHeaderFlag(
        sourceFlag(command.option('--import <name|id>', 'import (required)')).option(
          '--file <name|id>',
          "file to upload to (default: the import's own data source)",
        ),
      ),
    ),
};
