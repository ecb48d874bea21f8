/**
 * A history as the JSON that the Temporal CLI and UI give and that replay takes. The SDK makes it under this path only,
 * which its own samples use; the package itself does not.
 */
export { historyToJSON } from '@temporalio/common/lib/proto-utils';
