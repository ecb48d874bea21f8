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
export type { MappingParameter, StartTask } from './tasks';
export type * from './types';
