/**
 * Anaplan's catalogue of completion, failure and data codes, whole: the words and the amendments are those of the
 * API reference (anaplan-api: "Completion, failure, and data error/warning codes for import and export actions").
 */

/** What a code says: an action that was done, one that could not complete, or rows that were not accepted. */
export type CodeKind = 'completion' | 'failure' | 'data';

/**
 * What a data code is about. `row`: single rows or cells that were not accepted, as many as its `occurrences`. `column`:
 * a column, dimension or line item of the source that was left out whole. `note`: something else that happened to the
 * import as a whole. The reference introduces all of them by "one or more data rows could not be accepted", so a code is
 * a `row` unless its words say otherwise.
 */
export type DataClass = 'row' | 'column' | 'note';

/** One code. `template` names the parameters that Anaplan fills in, as `${name}`. */
export interface CatalogueEntry {
  kind: CodeKind;
  template: string;
  /** What Anaplan says to amend; absent where it says nothing. */
  remedy?: string;
  /** Data codes: what their occurrences count. */
  class?: DataClass;
  /**
   * Failure codes: what the action did to the model before it failed, where that is not "nothing": `applied` where the
   * words say that a part is done, `unknown` for internal errors.
   */
  effects?: 'applied' | 'unknown';
}

/** Every documented code. */
export const CATALOGUE: Readonly<Record<string, CatalogueEntry>> = {
  deleteFromSelectionSucceeded: {
    kind: 'completion',
    template: '${affectedItems} items were deleted from the list ${targetName} using ${filterName}',
  },
  exportSucceeded: {
    kind: 'completion',
    template: 'Export for ${exportName} completed successfully. ${fileSize} bytes written.',
  },
  hierarchyNoChanges: { kind: 'completion', template: '${hierarchyName}: no changes required' },
  hierarchyRowsProcessedFromLineItem: {
    kind: 'completion',
    template:
      '${module name}: ${createdCount} created, ${renamedCount} renamed, ${updatedCount} properties updated',
  },
  hierarchyRowsProcessed: {
    kind: 'completion',
    template:
      '${hierarchyName}: ${successRowCount} (${successCreateCount}/${successUpdateCount}) rows successful, ${ignoredCount} ignored',
  },
  hierarchyRowsProcessedWithFailuresFromLineItem: {
    kind: 'completion',
    template:
      '${module name}: ${createdCount} created, ${renamedCount} renamed, ${updatedCount} properties updated, ${failedCount} failed',
  },
  hierarchyRowsProcessedWithFailures: {
    kind: 'completion',
    template:
      '${hierarchyName}: ${successRowCount} (${successCreateCount}/${successUpdateCount}) rows successful, ${warningsRowCount} (${warningsCreateCount}/${warningsUpdateCount}) rows has warnings, ${failedCount} failed, ${ignoredCount} ignored',
  },
  hierarchyRowsProcessedWithInvalidNamesAndFailures: {
    kind: 'completion',
    template:
      '${hierarchyName}: ${createdCount} created / ${renamedCount} renamed (${invalidCount} invalid), ${updatedCount} properties updated, ${failedCount} failed',
  },
  hierarchyRowsProcessedWithInvalidNames: {
    kind: 'completion',
    template:
      '${hierarchyName}: ${createdCount} created / ${renamedCount} renamed (${invalidCount} invalid), ${updatedCount} properties updated',
  },
  hierarchyRowsProcessedWithWarnings: {
    kind: 'completion',
    template:
      '${hierarchyName}: ${successRowCount} (${successCreateCount}/${successUpdateCount}) rows successful, ${warningsRowCount} (${warningsCreateCount}/${warningsUpdateCount}) rows has warnings, ${ignoredCount} ignored',
  },
  lineItemRowsProcessed: { kind: 'completion', template: '${lineItemName} cells: ${rowCount}' },
  lineItemRowsProcessedWithFailuresAndIgnored: {
    kind: 'completion',
    template: '${lineItemName} cells: ${rowCount} (${failureCount} failed, ${ignoredCount} ignored)',
  },
  lineItemRowsProcessedWithFailures: {
    kind: 'completion',
    template: '${lineItemName} cells: ${rowCount} (${failureCount} failed)',
  },
  lineItemRowsProcessedWithIgnored: {
    kind: 'completion',
    template: '${lineItemName} cells: ${rowCount} (${ignoredCount} ignored)',
  },
  taskElementSucceeded: { kind: 'completion', template: '${message}' },
  usersNoChanges: { kind: 'completion', template: 'Users: no changes required' },
  usersRowsProcessed: {
    kind: 'completion',
    template: 'Users: ${createdCount} created, ${updatedCount} permissions updated',
  },
  usersRowsProcessedWithFailures: {
    kind: 'completion',
    template: 'Users: ${createdCount} created, ${updatedCount} permissions updated (${failedCount} failed)',
  },
  usersRowsProcessedWithInvalidNamesAndFailures: {
    kind: 'completion',
    template:
      'Users: ${createdCount} created (${invalidCount} invalid), ${updatedCount} permissions updated (${failedCount} failed)',
  },
  usersRowsProcessedWithInvalidNames: {
    kind: 'completion',
    template: 'Users: ${createdCount} created (${invalidCount} invalid), ${updatedCount} permissions updated',
  },
  versionsNoChanges: { kind: 'completion', template: 'Versions: no changes required' },
  versionsRowsProcessed: {
    kind: 'completion',
    template: 'Versions: ${createdCount} created, ${updatedCount} properties updated',
  },
  versionsRowsProcessedWithFailures: {
    kind: 'completion',
    template: 'Versions: ${createdCount} created, ${updatedCount} properties updated (${failedCount} failed)',
  },
  actionFailed: {
    kind: 'failure',
    template: 'Action failed. ${failureDetails}',
    remedy: 'Check the action was set up correctly.',
  },
  connectorError: {
    kind: 'failure',
    template: 'Failed to read data: ${message}',
    remedy: 'Please try again or contact support.',
  },
  crossCustomerImport: {
    kind: 'failure',
    template: 'Both target and source workspaces must be associated with the same customer',
    remedy: 'Use a target and source workspace that have the same tenant.',
  },
  deleteFromSelectionFailed: {
    kind: 'failure',
    template: 'Deleting from the list ${targetName} using ${filterName} failed: ${errorMessage}',
    remedy: 'Check if the list is set up correctly.',
  },
  failedToCreateRevision: {
    kind: 'failure',
    template: '${title}. ${subtitle} ${messageText}',
    remedy: 'Please read the message text and resolve.',
  },
  failedToLocateEntity: {
    kind: 'failure',
    template: 'Failed to locate ${entityType} ${entityName}',
    remedy: 'Check if this has removed.',
  },
  failedToLocateHierarchy: {
    kind: 'failure',
    template: 'Failed to locate list ${entityName}',
    remedy: 'Check if the list has been removed.',
  },
  failedToLocateModel: {
    kind: 'failure',
    template: 'Failed to locate model (${modelName})',
    remedy: "Check if this model still exists or if it's needs to be unarchived.",
  },
  failedToLocateModule: {
    kind: 'failure',
    template: 'Failed to locate module ${entityName}',
    remedy: 'Check if this module still exists.',
  },
  failedToLocateSavedView: {
    kind: 'failure',
    template: 'Failed to locate saved view ${entityName}',
    remedy: 'Check if this saved view was deleted.',
  },
  hierarchyImportBombed: {
    kind: 'failure',
    effects: 'unknown',
    template: 'Import into ${hierarchyName} list failed an internal error occurred',
    remedy: 'Please try again or contact support.',
  },
  hierarchyImportDuplicateSourceKey: {
    kind: 'failure',
    template:
      'Property-based list import has disallowed duplicate properties for given key in source data - cannot proceed',
    remedy: 'Remove the duplicates.',
  },
  hierarchyImportDuplicateTargetKey: {
    kind: 'failure',
    template:
      'Property-based list import has disallowed duplicate properties for given key in target data - cannot proceed',
    remedy: 'Remove the duplicates.',
  },
  hierarchyImportFailed: {
    kind: 'failure',
    template: 'Import into ${hierarchyName}list failed ${message}',
    remedy: 'Check if your import was set up correctly.',
  },
  hierarchyImportFailedToUpdateProperties: {
    kind: 'failure',
    effects: 'applied',
    template: 'An internal error occurred and properties were not updated',
    remedy: 'Please try again or contact support.',
  },
  hierarchyImportInconsistentRenaming: {
    kind: 'failure',
    template:
      'Import into ${hierarchyName} list failed: inconsistent renaming found for same code - check mapping and/or data',
    remedy: 'Check if your mapping set up is correct or if you need to make changes to your data.',
  },
  hierarchyImportNameAndCodeUnmapped: {
    kind: 'failure',
    template: 'The import has both Name and Code unmapped - cannot proceed',
    remedy: 'Make sure you have the correct map settings and try again.',
  },
  hierarchyImportNameOrCodeSameAsParent: {
    kind: 'failure',
    template: 'The import has name or code mapped to same source as parent - cannot proceed',
    remedy: 'Use a different source.',
  },
  hierarchyImportNoSelectiveEditing: {
    kind: 'failure',
    template: 'You are not authorised to make changes to list: ${hierarchyName} - cannot proceed',
    remedy: 'Check if you can change your permissions to make this change.',
  },
  hierarchyImportPropertyKeyCalculated: {
    kind: 'failure',
    template:
      'Property-based import uses a calculated property in its key, but this is not permitted - cannot proceed',
    remedy: 'Remove the calculated property in the key.',
  },
  hierarchyImportPropertyKeyInvalidMissing: {
    kind: 'failure',
    template: 'Property-based import uses an invalid key (property missing) - cannot proceed',
    remedy: 'Include the missing property in the key.',
  },
  hierarchyImportPropertyKeyInvalidNoDefintion: {
    kind: 'failure',
    template: 'Property-based import uses an invalid key (no property definition) - cannot proceed',
    remedy: 'Use a valid key.',
  },
  hierarchyImportPropertyKeyInvalidSystem: {
    kind: 'failure',
    template: 'Property-based import uses an invalid key (disallowed property) - cannot proceed',
    remedy: 'Use a valid key.',
  },
  hierarchyImportPropertyKeyUnmapped: {
    kind: 'failure',
    template: 'Property-based import has one of the key properties unmapped - cannot proceed',
    remedy: 'Make sure you have the correct map settings and try again.',
  },
  hierarchyImportUniqueness: {
    kind: 'failure',
    template:
      'Import into ${hierarchyName} list failed: distinct names found for same code - check mapping and/or data',
    remedy: 'Check if your mapping set up is correct or if you need to make changes to your data.',
  },
  importFailedGeneralError: {
    kind: 'failure',
    template: '${errorMessage}',
    remedy: 'Check if the import is set up correctly.',
  },
  internalError: {
    kind: 'failure',
    effects: 'unknown',
    template: 'An internal error occurred: ${message}',
    remedy: 'Please try again or contact support.',
  },
  missingFields: {
    kind: 'failure',
    template: 'Warning: Import is incomplete as the following fields are unavailable: ${fields}',
    remedy: 'Complete the missing fields.',
  },
  modelObjectNotLocated: {
    kind: 'failure',
    template: 'Model object "${modelObject}" could not be located',
    remedy: 'Check if the model object still exists.',
  },
  modelObjectNotSupported: {
    kind: 'failure',
    template: 'Model object "${modelObject}" is not a supported source',
    remedy: 'Use a supported model object.',
  },
  moduleImportFailed: {
    kind: 'failure',
    template: 'Import into ${moduleName} module failed: ${message}',
    remedy: 'Check if the module still exists. If it does, please try again or contact support.',
  },
  moduleImportNoWriteAccess: {
    kind: 'failure',
    template: 'You are not authorised to make changes to module: ${moduleName} - cannot proceed',
    remedy:
      'You do not have permissions to make changes to this module. Check with your workspace administrator if they can grant you permissions.',
  },
  msgExportCancelled: { kind: 'failure', template: 'Export cancelled by user' },
  msgImportCancelled: { kind: 'failure', template: 'Import cancelled by user' },
  msgTooManyColumns: {
    kind: 'failure',
    template: 'Excel workbooks cannot support more than 256 columns',
    remedy: 'Make sure you have no more than 256 columns, or use a different export format.',
  },
  msgTooManyRows: {
    kind: 'failure',
    template: 'Excel workbooks cannot support more than 65536 rows',
    remedy: 'Make sure you have no more than 65536 rows, or use a different export format.',
  },
  noAccessToModule: {
    kind: 'failure',
    template: 'Your role does not permit any access to the source module.',
    remedy: 'Ask your workspace administrator to give you access to the model.',
  },
  notAuthorised: {
    kind: 'failure',
    template: 'You are not authorised to run ${actionName}',
    remedy: 'Check if you can change your permissions so you can run the action.',
  },
  sourceModelArchived: {
    kind: 'failure',
    template: 'Source model is archived (${modelId}/${modelName})',
    remedy: 'Unarchive the model to use it as a source model.',
  },
  sourceWorkspaceNoAccess: {
    kind: 'failure',
    template: 'You do not have access to the source workspace',
    remedy: 'Ask your tenant administrator for access.',
  },
  sourceWorkspaceNotLocated: {
    kind: 'failure',
    template: 'Failed to locate source workspace',
    remedy: 'Check if this workspace was deleted.',
  },
  taskElementFailed: {
    kind: 'failure',
    template: '${errorMessage}',
    remedy: 'Check if you can amend the error.',
  },
  uploadedFileNoLongerAvailable: {
    kind: 'failure',
    template: 'The uploaded file is no longer available. Please upload the file again.',
    remedy: 'Upload the file again.',
  },
  usersImportBombed: {
    kind: 'failure',
    effects: 'unknown',
    template: 'Import into Users list failed: An internal error occurred',
    remedy: 'Please try again or contact support.',
  },
  usersImportFailed: {
    kind: 'failure',
    template: 'Import into Users list failed: ${message}',
    remedy: 'Please read the message text and resolve.',
  },
  versionImportPropertyChangeFailed: {
    kind: 'failure',
    effects: 'applied',
    template: 'Failed to update version property',
    remedy: 'Check your versions are set up correctly.',
  },
  versionsImportBombed: {
    kind: 'failure',
    effects: 'unknown',
    template: 'Import into Versions failed: An internal error occurred',
    remedy: 'Please try again or contact support.',
  },
  versionsImportFailed: {
    kind: 'failure',
    template: 'Import into Versions failed: ${message}',
    remedy: 'Check your versions are set up correctly.',
  },
  columnSeparatorExpected: {
    kind: 'data',
    class: 'row',
    template: 'Column separator expected at line ${lineNumber}, character ${position}',
    remedy: 'Include the column separator and missing character.',
  },
  dateFormatInvalid: {
    kind: 'data',
    class: 'row',
    template: 'Date format is invalid: ${format}',
    remedy: 'Check the date format is correct.',
  },
  dateFormatMalformed: {
    kind: 'data',
    class: 'row',
    template: 'Date format is malformed: ${format}',
    remedy: 'Check the date format is correct.',
  },
  expectedCharacter: {
    kind: 'data',
    class: 'row',
    template: 'Expected character in date/period',
    remedy: 'Check the date format is correct.',
  },
  expectedDD: {
    kind: 'data',
    class: 'row',
    template: 'Expected 2-digit day number in date/period',
    remedy: 'Check the date format is correct.',
  },
  expectedD: {
    kind: 'data',
    class: 'row',
    template: 'Expected day number in date/period',
    remedy: 'Check the date format is correct.',
  },
  expectedH: {
    kind: 'data',
    class: 'row',
    template: 'Expected year half number in date/period',
    remedy: 'Check the date format is correct.',
  },
  expectedM: {
    kind: 'data',
    class: 'row',
    template: 'Expected month name or number in date/period',
    remedy: 'Check the date format is correct.',
  },
  expectedMM: {
    kind: 'data',
    class: 'row',
    template: 'Expected 2-digit month number in date/period',
    remedy: 'Check the date format is correct.',
  },
  expectedMMM: {
    kind: 'data',
    class: 'row',
    template: 'Expected abbreviated month name in date/period',
    remedy: 'Check the date format is correct.',
  },
  expectedMMMM: {
    kind: 'data',
    class: 'row',
    template: 'Expected full month name in date/period',
    remedy: 'Check the date format is correct.',
  },
  expectedQ: {
    kind: 'data',
    class: 'row',
    template: 'Expected fiscal quarter number in date/period',
    remedy: 'Check the date format is correct.',
  },
  expectedSeparator: {
    kind: 'data',
    class: 'row',
    template: 'Expected separator in date/period',
    remedy: 'Check the date format is correct.',
  },
  expectedW: {
    kind: 'data',
    class: 'row',
    template: 'Expected week number in date/period',
    remedy: 'Check the date format is correct.',
  },
  expectedWW: {
    kind: 'data',
    class: 'row',
    template: 'Expected 2-digit week number in date/period',
    remedy: 'Check the date format is correct.',
  },
  expectedY: {
    kind: 'data',
    class: 'row',
    template: 'Expected 2 or 4-digit year in date/period',
    remedy: 'Check the date format is correct.',
  },
  expectedYY: {
    kind: 'data',
    class: 'row',
    template: 'Expected 2-digit year in date/period',
    remedy: 'Check the date format is correct.',
  },
  expectedYYYY: {
    kind: 'data',
    class: 'row',
    template: 'Expected 4-digit year in date/period',
    remedy: 'Check the date format is correct.',
  },
  hierarchyImportAccessCantMoveFromParent: {
    kind: 'data',
    class: 'row',
    template: 'You are not authorised to move item from parent: ${parent}',
    remedy: 'Check if you can change your permissions to make this change.',
  },
  hierarchyImportAccessCantMoveToParent: {
    kind: 'data',
    class: 'row',
    template: 'You are not authorised to move item to parent: ${parent}',
    remedy: 'Check if you can change your permissions to make this change.',
  },
  hierarchyImportAccessNoCreateWithoutParent: {
    kind: 'data',
    class: 'row',
    template: 'You are not authorised to insert an item without a parent',
    remedy: 'Check if you can change your permissions to make this change.',
  },
  hierarchyImportAccessNoImplicitAddToTopLevel: {
    kind: 'data',
    class: 'row',
    template: 'You are not authorised to insert ${parent} below ${topLevel}',
    remedy: 'Check if you can change your permissions to make this change.',
  },
  hierarchyImportAccessNoImplicitCreate: {
    kind: 'data',
    class: 'row',
    template: 'You are not authorised to insert parent: ${parent}',
    remedy: 'Check if you can change your permissions to make this change.',
  },
  hierarchyImportAccessNoMoveWithoutParent: {
    kind: 'data',
    class: 'row',
    template: 'You are not authorised to move an item without a parent',
    remedy: 'Check if you can change your permissions to make this change.',
  },
  hierarchyImportAccessNoMove: {
    kind: 'data',
    class: 'row',
    template: 'You are not authorised to move this entity',
    remedy: 'Check if you can change your permissions to make this change.',
  },
  hierarchyImportAccessNoRemoveParent: {
    kind: 'data',
    class: 'row',
    template: 'You are not authorised to remove the parent from this entity',
    remedy: 'Check if you can change your permissions to make this change.',
  },
  hierarchyImportAccessNoUpdate: {
    kind: 'data',
    class: 'row',
    template: 'You are not authorised to update this entity',
    remedy: 'Check if you can change your permissions to make this update.',
  },
  hierarchyImportCancelledByUser: {
    kind: 'data',
    class: 'note',
    template: 'Properties were not updated as import was cancelled',
    remedy: 'Reset the import.',
  },
  hierarchyImportCannotChangeCodeForTopLevel: {
    kind: 'data',
    class: 'row',
    template: "Cannot change code for list's top level item",
  },
  hierarchyImportDuplicateKeyInSource: {
    kind: 'data',
    class: 'row',
    template: 'Another row has already been processed with this key',
    remedy: "This process has already completed so there's no need to duplicate it.",
  },
  hierarchyImportDuplicateKeyInTarget: {
    kind: 'data',
    class: 'row',
    template: 'Key for this row maps to more than one list member',
    remedy: 'Make sure the row can only map to one list item.',
  },
  hierarchyImportEmptyKey: {
    kind: 'data',
    class: 'row',
    template: 'Error parsing key for this row; no values',
    remedy: 'Add some values.',
  },
  hierarchyImportFailedDependency: {
    kind: 'data',
    class: 'row',
    template: 'Has dependency on rejected row',
    remedy: 'Reset the dependency structure.',
  },
  hierarchyImportInvalidCode: {
    kind: 'data',
    class: 'row',
    template: 'Invalid code',
    remedy: 'Use an valid code.',
  },
  hierarchyImportInvalidEntityIdInKey: {
    kind: 'data',
    class: 'row',
    template: 'Error in key for this row; refers to invalid list item: ${value}',
    remedy: 'Use valid list items only.',
  },
  hierarchyImportInvalidName: {
    kind: 'data',
    class: 'row',
    template: 'Invalid name',
    remedy: 'Use a valid name.',
  },
  hierarchyImportInvalidParent: {
    kind: 'data',
    class: 'row',
    template: 'Invalid parent',
    remedy: 'Use a valid parent.',
  },
  hierarchyImportInvalidStatus: {
    kind: 'data',
    class: 'row',
    template: 'Invalid workflow status',
    remedy: 'Use a valid workflow status.',
  },
  hierarchyImportNameOrCodeExists: {
    kind: 'data',
    class: 'row',
    template: 'New property combination found but name or code already exists',
    remedy: 'Use a different name.',
  },
  hierarchyImportNewEntityNumberedList: {
    kind: 'data',
    class: 'row',
    template: 'Cannot import record into numbered list as it has a new name (${name})',
    remedy: 'Reset the import to be compatible with the new name.',
  },
  hierarchyImportNoNameOrCode: {
    kind: 'data',
    class: 'row',
    template: 'New property combination found but no name or code is provided',
    remedy: 'Provide a name.',
  },
  hierarchyImportParentMustBeLeaf: {
    kind: 'data',
    class: 'row',
    template:
      'Parent item has a child item that is in a different list: You can only add a child to a parent item, if any existing children of that parent item belong to the same list.',
    remedy: 'Use a child item that is in the same list as the parent item.',
  },
  hierarchyImportParseErrorInKey: {
    kind: 'data',
    class: 'row',
    template: 'Error parsing key for this row; invalid data: ${value}',
    remedy: 'Use valid data.',
  },
  hierarchyImportPropertyChangeFailed: {
    kind: 'data',
    class: 'row',
    template: 'Failed to create property change: ${message}',
    remedy: 'Please try again or contact support.',
  },
  invalidDate: {
    kind: 'data',
    class: 'row',
    template: 'Invalid date for format ${format}',
    remedy: 'Check the date format is correct.',
  },
  invalidPeriod: {
    kind: 'data',
    class: 'row',
    template: 'Invalid period for format ${format}',
    remedy: 'Check the time period format is correct.',
  },
  moduleImportBooleanFormat: {
    kind: 'data',
    class: 'row',
    template: 'Invalid Boolean (yes/no/true/false)',
    remedy: 'Use a valid Boolean.',
  },
  moduleImportDateFormat: {
    kind: 'data',
    class: 'row',
    template: 'Invalid date',
    remedy: 'Use a valid date.',
  },
  moduleImportDimensionIdentifiersUnmapped: {
    kind: 'data',
    class: 'column',
    template: '${count} ${dimension} identifier(s) (${items}) were not mapped and ignored',
    remedy: 'These dimensions were not mappable. Change your column mapping setup to map these dimensions.',
  },
  moduleImportInvalidLineItemIdentifier: {
    kind: 'data',
    class: 'row',
    template: 'Invalid line item identifier',
    remedy: 'Use a valid line item identifier.',
  },
  moduleImportInvalidListIdentifier: {
    kind: 'data',
    class: 'row',
    template: 'Item not located in ${hierarchyName} list',
    remedy: 'The item does not display in this list. Use an item that exists in this list.',
  },
  moduleImportInvalidTimeEntityIdentifier: {
    kind: 'data',
    class: 'row',
    template: 'Item not located in calendar for period type ${periodType}',
    remedy: 'Use a different item or change your calendar settings to include this item.',
  },
  moduleImportInvalidTimescaleIdentifier: {
    kind: 'data',
    class: 'row',
    template: 'Invalid date or timescale identifier',
    remedy: 'Use a valid time dimension.',
  },
  moduleImportLineItemIdentifiersUnmapped: {
    kind: 'data',
    class: 'column',
    template: '${count} Line Item identifier(s) (${items}) were not mapped and ignored',
    remedy: 'These items were not mappable. Change your column mapping setup to map these items.',
  },
  moduleImportNumberFormat: {
    kind: 'data',
    class: 'row',
    template: 'Invalid number',
    remedy: 'Use a valid number.',
  },
  moduleImportRepeatedNonNumeric: {
    kind: 'data',
    class: 'row',
    template: 'More than one data value has been provided for a non-numeric cell.',
    remedy: 'Check the data source is normalized.',
  },
  periodFormatMalformed: {
    kind: 'data',
    class: 'row',
    template: 'Period format is malformed: ${format}',
    remedy: 'Check the time period format is correct.',
  },
  unmatchedTextDelimiter: {
    kind: 'data',
    class: 'row',
    template: 'Unmatched delimiter character at line ${lineNumber}, character ${position}',
    remedy: "Check you've only used valid characters.",
  },
  usersImportConflictingAccessLevel: {
    kind: 'data',
    class: 'row',
    template: 'Conflicting access levels',
    remedy: 'Check the access levels are issued correctly.',
  },
  usersImportConflictingAncestry: {
    kind: 'data',
    class: 'note',
    template: 'Access to parent item overrides that to child item',
    remedy: 'Check the set up for parent to child items is correct.',
  },
  usersImportConflictingNames: {
    kind: 'data',
    class: 'row',
    template: 'Conflicting names for user',
    remedy: 'Use one full name only for each user.',
  },
  usersImportConflictingRoles: {
    kind: 'data',
    class: 'row',
    template: 'Conflicting roles for user',
    remedy: "Check the user's roles are assigned correctly.",
  },
  usersImportCreationFailed: {
    kind: 'data',
    class: 'row',
    template: 'User creation failed',
    remedy: 'Check you have used the correct settings.',
  },
  usersImportFirstNameMissing: {
    kind: 'data',
    class: 'row',
    template: 'First name missing for new user',
    remedy: "Include the user's first name.",
  },
  usersImportInvalidEmail: {
    kind: 'data',
    class: 'row',
    template: 'Invalid email address',
    remedy: 'Use a valid email address.',
  },
  usersImportInvalidListIdentifier: {
    kind: 'data',
    class: 'row',
    template: 'Item not located in ${list Name} list',
    remedy: "Use an item that's part of this list.",
  },
  usersImportInvalidRole: {
    kind: 'data',
    class: 'row',
    template: 'Invalid role',
    remedy: 'Select a valid role.',
  },
  usersImportLastNameMissing: {
    kind: 'data',
    class: 'row',
    template: 'Last name missing for new user',
    remedy: "Include the user's last name.",
  },
  usersImportNoSelectiveAccess: {
    kind: 'data',
    class: 'column',
    template: 'List ${list Id} no longer has selective access control',
    remedy: 'Apply selective access to the list.',
  },
  usersImportSSOStatusChangeFailed: {
    kind: 'data',
    class: 'row',
    template: 'User SSO status change failed',
    remedy: "Check the user's SSO settings are correct.",
  },
};

/** The entry of a code, or undefined for one that Anaplan does not document. */
export function catalogued(code: string): CatalogueEntry | undefined {
  return Object.hasOwn(CATALOGUE, code) ? CATALOGUE[code] : undefined;
}

/**
 * The sentence of a code with its parameters filled in. Anaplan's own text wins where it sent one; an uncatalogued
 * code appears verbatim.
 */
export function messageOf(code: string, values: Record<string, string>, text?: string): string {
  if (text !== undefined && text.trim() !== '') return text.trim();
  const entry = catalogued(code);
  if (!entry) return code;
  return entry.template.replace(/\$\{([^}]+)\}/g, (whole, name: string) => values[name] ?? whole);
}
