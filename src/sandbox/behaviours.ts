/**
 * How sure a behaviour is: `verified` against a real tenant by a public record, `documented` by the vendor, or
 * `assumed` because nothing says.
 */
export type Mark = 'verified' | 'documented' | 'assumed';

/** One rule of the sandbox. */
export interface Behaviour {
  id: string;
  sentence: string;
  mark: Mark;
  /** Where the rule comes from. */
  source: string;
}

const rule = (id: string, mark: Mark, source: string, sentence: string): Behaviour => ({
  id,
  sentence,
  mark,
  source,
});

/** Every behaviour of the sandbox. */
export const BEHAVIOURS: readonly Behaviour[] = [
  rule(
    'token-authenticate',
    'verified',
    'anaplan-api: Authentication service',
    'A log-in by password answers 201 with tokenInfo.',
  ),
  rule(
    'token-life',
    'documented',
    'anaplan-api: Authentication service',
    'A token lives 35 minutes; afterwards the API answers 401.',
  ),
  rule(
    'token-refresh',
    'verified',
    'anaplan-api: Authentication service',
    'A refresh answers the same tokenValue with a later expiresAt.',
  ),
  rule(
    'token-logout',
    'verified',
    'anaplan-api: Authentication service',
    'A log-out answers 204 and the token is dead at once.',
  ),
  rule(
    'token-schemes',
    'verified',
    'anaplan-api: Authentication service',
    'The API takes AnaplanAuthToken and Bearer; the authentication service rejects Bearer.',
  ),
  rule(
    'certificate-v1',
    'documented',
    'anaplan-api: Authentication service',
    'A certificate log-in signs at least 100 bytes with SHA512 and RSA.',
  ),
  rule(
    'certificate-v2',
    'documented',
    'anaplan-api: Authentication service',
    'A v2 payload begins with an 8-byte big-endian time stamp in seconds and is accepted once.',
  ),
  rule('certificate-stamp', 'assumed', '-', 'The time stamp of a v2 payload may be 10 minutes from now.'),
  rule(
    'certificate-trust',
    'assumed',
    '-',
    'Without certificates among its options the sandbox takes any that is valid now.',
  ),
  rule(
    'error-body',
    'verified',
    'anaplan-api: Envelope, errors, paging',
    'Errors are {status: {code, message}, path, timestamp}.',
  ),
  rule(
    'masked-404',
    'verified',
    'anaplan-api: Envelope, errors, paging',
    'What a user cannot see is answered 404.',
  ),
  rule(
    'case-sensitive',
    'documented',
    'anaplan-api: Parameter Types',
    'Workspace IDs are lower-case, model IDs upper-case; another case is unknown.',
  ),
  rule(
    'list-items',
    'documented',
    'anaplan-api: Retrieve list data',
    'List items are JSON or CSV, up to 1,000,000; subsets and properties (texts) only with includeAll.',
  ),
  rule(
    'view-axes',
    'documented',
    'anaplan-api: Retrieve metadata for dimensions on a view',
    'A view has rows, columns and pages; an axis without dimensions is left out.',
  ),
  rule(
    'line-item-views',
    'documented',
    'anaplan-api: Retrieve metadata for dimensions on a view',
    'The ID of a line item works as the ID of a view: its own where it has dimensions of its own, else its module’s.',
  ),
  rule('line-item-reads', 'assumed', '-', 'That also holds for large reads.'),
  rule(
    'subsidiary-views',
    'documented',
    'anaplan-api: Retrieve IDs and names for all views in a model',
    'Views of line items are listed with includesubsidiaryviews=true, spelled like that.',
  ),
  rule(
    'paging',
    'documented',
    'anaplan-api: Displaying Pages of Results',
    'Lists page by limit and offset, 5,000 by default, with totalSize, next and previous.',
  ),
  rule(
    'empty-key',
    'verified',
    'anaplan-api: Envelope, errors, paging',
    'An empty list of tasks or chunks leaves its key out.',
  ),
  rule(
    'rate-limit',
    'documented',
    'anaplan-api: API rate limitation',
    'A bucket of 600 tokens, one more every 0.1 s, shared by the tenant; 429 with Retry-After.',
  ),
  rule(
    'refused-log-ins',
    'assumed',
    '-',
    'More than five refused log-ins in five minutes are noted as misuse.',
  ),
  rule('rate-limit-auth', 'assumed', '-', 'Log-ins do not count against the rate limit of the API.'),
  rule(
    'busy-holds',
    'documented',
    'anaplan-api: API behavior when the model is busy',
    'A busy model answers the listed calls and holds all others.',
  ),
  rule('busy-left', 'assumed', '-', 'A held call whose client left has no effect.'),
  rule(
    'model-states',
    'documented',
    'anaplan-api: HTTP responses',
    '422 archived, 423 locked, 424 offline, 425 deployed.',
  ),
  rule(
    'model-states-reads',
    'assumed',
    '-',
    'A locked model still answers GET; a deployed one also exports and large reads; an offline one its status.',
  ),
  rule(
    'model-status',
    'documented',
    'anaplan-api: Check model status',
    'POST status answers requestStatus in an envelope; idle is the step Open: progress is -1 also while Updating.',
  ),
  rule(
    'model-status-get',
    'verified',
    'anaplan-api: Envelope, errors, paging',
    'GET status answers the bare content of requestStatus.',
  ),
  rule(
    'chunk-count',
    'documented',
    'anaplan-api: Set the Chunk Count',
    'The chunk count comes before the chunks; -1 needs /complete.',
  ),
  rule(
    'chunk-count-restarts',
    'assumed',
    '-',
    'A chunk count drops what was uploaded before; the file is unavailable until complete.',
  ),
  rule(
    'chunk-count-unknown-file',
    'assumed',
    'anaplan-api: Files (public clients)',
    'A chunk count for an unknown file ID creates a file under another ID.',
  ),
  rule('chunk-before-count', 'assumed', '-', 'A chunk before the chunk count is refused with 400.'),
  rule('chunk-range', 'assumed', '-', 'A chunk index not below the chunk count is refused with 400.'),
  rule(
    'chunk-size',
    'documented',
    'anaplan-api: Upload a file in chunks',
    'A chunk holds at most 50 MB uncompressed, a file at most 1,000 chunks.',
  ),
  rule('chunk-size-refused', 'assumed', '-', 'More than that is refused with 400; 50 MB is read as 50 MiB.'),
  rule(
    'chunk-put',
    'verified',
    'anaplan-api: Files (public clients)',
    'A chunk answers 204 with an empty body.',
  ),
  rule(
    'chunk-again',
    'assumed',
    '-',
    'The same chunk may be sent again before completion; the last delivery counts.',
  ),
  rule(
    'chunk-gzip',
    'documented',
    'anaplan-api: Upload a file in chunks',
    'application/x-gzip chunks are decompressed on arrival.',
  ),
  rule(
    'chunk-gzip-broken',
    'assumed',
    '-',
    'A chunk that is not valid gzip, or did not arrive whole, is refused with 400 and changes nothing.',
  ),
  rule(
    'chunk-last-completes',
    'assumed',
    '-',
    'With all chunks of a known count there, the upload is complete.',
  ),
  rule(
    'chunk-after-complete',
    'assumed',
    '-',
    'After completion the same bytes again are harmless, others are refused with 400.',
  ),
  rule(
    'file-default',
    'documented',
    'anaplan-api: Private and Default Files for Bulk APIs',
    'Without a private file an import reads the default file, else it fails with uploadedFileNoLongerAvailable.',
  ),
  rule(
    'file-expiry',
    'documented',
    'anaplan-api: Private and Default Files for Bulk APIs',
    'A private file that was not used for 48 hours is gone; imports and downloads then get the default file.',
  ),
  rule(
    'file-default-download',
    'documented',
    'anaplan-api: Private and Default Files for Bulk APIs',
    'A default file is downloaded like a private one, in chunks, while there is no private one.',
  ),
  rule('file-whole', 'assumed', '-', 'GET of a file answers its content whole; 404 without any.'),
  rule('file-delete', 'documented', 'anaplan-api: Delete Files', 'DELETE removes private content only.'),
  rule(
    'file-ids',
    'documented',
    'anaplan-api: Files (public clients)',
    '112 import, 113 its file, 116 export and its file, 117 other action, 118 process.',
  ),
  rule(
    'task-locale',
    'documented',
    'anaplan-api: Run the export',
    'A start without localeName is refused with 400.',
  ),
  rule(
    'task-start-forms',
    'documented',
    'anaplan-api: Run the import',
    'Imports and processes answer a bare taskId, exports and actions {task: {taskId}}, with mapping parameters in an envelope.',
  ),
  rule(
    'task-states',
    'documented',
    'anaplan-api: Get the status of an import task',
    'NOT_STARTED, IN_PROGRESS, COMPLETE; after DELETE CANCELLING, then CANCELLED and rolled back.',
  ),
  rule('task-cancel-late', 'assumed', '-', 'A task that ends before its cancellation does is COMPLETE.'),
  rule(
    'task-queue',
    'assumed',
    'anaplan-api: Check model status',
    'One task per model runs; others wait as NOT_STARTED.',
  ),
  rule(
    'task-list',
    'verified',
    'anaplan-api: Tasks',
    'A task list has the tasks of all users; a wrong parent ID gives 200 and no tasks.',
  ),
  rule(
    'task-unload',
    'documented',
    'anaplan-api: Parameter Types',
    'When a model is unloaded its tasks are gone.',
  ),
  rule(
    'log-out-unloads',
    'documented',
    'anaplan-api: Parameter Types',
    'When all users have logged out the models are unloaded: task IDs are gone.',
  ),
  rule(
    'list-import',
    'documented',
    'anaplan-api: Get the status of an import task',
    'List imports report rows by hierarchyRowsProcessed and its siblings.',
  ),
  rule(
    'invalid-names',
    'assumed',
    'anaplan-api: Completion codes',
    'Rows with an invalid name are counted as failed and, among those, as invalid.',
  ),
  rule(
    'list-import-invalid',
    'assumed',
    'anaplan-api: Completion codes',
    'Rows with an invalid name are among the failed ones; invalidCount is 0.',
  ),
  rule('list-import-ignored', 'assumed', '-', 'Blank rows and rows that change nothing count as ignored.'),
  rule(
    'module-import',
    'documented',
    'anaplan-api: Completion codes',
    'Module imports report cells per line item by lineItemRowsProcessed and its siblings.',
  ),
  rule(
    'repeated-cells',
    'assumed',
    'anaplan-api: Data error/warning codes',
    'Numbers for one cell add up within an import; of other values the first stays, with a warning.',
  ),
  rule(
    'rejected-rows-successful',
    'assumed',
    '-',
    'An import with rejected rows is successful and has a failure dump.',
  ),
  rule(
    'missing-columns',
    'assumed',
    'anaplan-api: Failure codes',
    'A file without a mapped column fails the import with missingFields, whatever the import and its size.',
  ),
  rule(
    'dump-format',
    'documented',
    'anaplan-api: Download dump file chunks',
    'A dump is CSV with _Status_ (E or W), the columns, _Line_ and _Error_1_ and on, all quoted.',
  ),
  rule('dump-line', 'assumed', '-', '_Line_ counts the records of the file from 1, the header included.'),
  rule(
    'dump-life',
    'documented',
    'anaplan-api: Check dump file for failures',
    'Dumps are per user, of the last task only, and gone after the next clean run.',
  ),
  rule(
    'dump-repeated',
    'assumed',
    'anaplan-api: Check dump file for failures',
    'Of an import that a process runs twice only the dump of its later run is kept: both have one object ID.',
  ),
  rule(
    'process-stops',
    'assumed',
    'anaplan-api: Tasks',
    'A process stops at the action that fails; later ones are not among the nested results; earlier ones stay applied.',
  ),
  rule(
    'export-file',
    'documented',
    'anaplan-api: Export Actions',
    'The chunks of an export are there when its task is complete; until then those of the run before.',
  ),
  rule(
    'read-export-types',
    'documented',
    'anaplan-api: Initiate large read request',
    'A view is read as GRID_ALL_PAGES, TABULAR_SINGLE_COLUMN or TABULAR_MULTI_COLUMN; others are refused with 400.',
  ),
  rule(
    'read-pages',
    'documented',
    'anaplan-api: Download pages',
    'Pages from 0 can be read while a read is in progress, up to availablePages.',
  ),
  rule(
    'read-headers',
    'assumed',
    '-',
    'Every page of a tabular read begins with the header line; a grid has its header on page 0 only.',
  ),
  rule(
    'read-expiry',
    'documented',
    'anaplan-api: Delete read requests',
    'A read expires after 30 idle minutes; only pages divisible by 100 reset the timer.',
  ),
  rule(
    'read-delete',
    'documented',
    'anaplan-api: Delete read requests',
    'DELETE answers CANCELLED (COMPLETE for a finished list read); the request is then 404.',
  ),
  rule(
    'read-limit',
    'assumed',
    'anaplan-api: HTTP responses',
    'Too many open read requests are refused with 429.',
  ),
  rule(
    'read-accept',
    'assumed',
    'anaplan-api: Download pages',
    'A page asked for as something other than text/csv is refused with 406.',
  ),
];
