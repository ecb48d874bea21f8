/** The Anaplan Integration API v2 client. Knows nothing of Temporal; usable alone. */
export { AnaplanClient, type AnaplanClientOptions } from './client';
export type { Authenticator, TokenInfo } from './auth/authenticator';
export type { Credentials } from './auth/credentials';
export {
  CATALOGUE,
  catalogued,
  messageOf,
  type CatalogueEntry,
  type CodeKind,
  type DataClass,
} from './codes';
export {
  ABORTED,
  AnaplanError,
  isAborted,
  isNotFound,
  NOT_ANAPLANS,
  outcomeUnknown,
  type AnaplanErrorKind,
} from './errors';
export { DEFAULT_TIMEOUTS, type Timeouts } from './http/dispatcher';
export { ProxyError } from './http/proxy';
export type { LogEvent } from './http/transport';
export {
  DEFAULT_REQUESTS_PER_MINUTE,
  RateLimiter,
  shareLimiter,
  withShare,
  type LimiterClock,
} from './limiter';
export { REGIONS, regionUrls, type RegionUrls } from './regions';
export {
  DEFAULT_RETRY_AFTER_MS,
  isCertificateRefusal,
  MIN_RETRY_AFTER_MS,
  RETRY_TABLE,
  retryRule,
  type RetryClass,
  type RetryRule,
} from './retry';
export {
  inWords,
  nextTry,
  type NextTry,
  type Refusals,
  type WaitBounds,
  type WaitLimits,
  type WaitRule,
} from './refusals';
export { CALLS, UNDOCUMENTED_CALLS, type ApiCallEntry } from './calls';
export { MAX_CELL_BYTES, MAX_CELLS, type CellCoordinate, type CellsWritten, type CellWrite } from './cells';
export type { DimensionItem, DimensionLookup } from './dimensions';
export type { WriteFailure } from './failures';
export type { FileListOptions } from './files';
export type { LineItem, LineItemOptions, Reference } from './line-items';
export type { ListChange, ListItem, ListMetadata, ListProperty } from './list-answers';
export {
  MAX_LIST_ITEMS,
  type ListItemKey,
  type ListItemOptions,
  type ListItemUpdate,
  type NewListItem,
} from './lists';
export type { ModelListOptions, ModelsDeleted } from './models';
export type { MappingParameter, StartTask, TaskListOptions } from './tasks';
export type { CurrentPeriod, FiscalYear, ModelCalendar, Version, VersionPeriod } from './time';
export type { UserListOptions } from './users';
export type { ViewData, ViewRow } from './view-data';
export type { ViewCsvOptions, ViewDataOptions, ViewListOptions, ViewMetadata } from './views';
export type { WorkspaceMember, WorkspaceOptions } from './workspaces';
export type * from './types';
