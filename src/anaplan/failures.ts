import { compact } from './compact';
import { isRecord, optionalNumber, optionalText, textOrEmpty } from './parse';

/** One item or cell of a request that Anaplan did not write. The others of the request are written all the same. */
export interface WriteFailure {
  /** Its place in the request, from 0; absent where Anaplan does not say. */
  requestIndex?: number;
  /** E.g. `INCORRECT_FORMAT`, `Not found`, `cellIsCalculated`; '' where Anaplan sent none. Not a closed list. */
  type: string;
  message?: string;
}

/**
 * Reads the failures of a write: a list, a single one, or an object of them, keyed by anything (the guide prints braces
 * where it means brackets). Nothing is none; whatever stands in a list is one, however little it says.
 */
export function parseFailures(raw: unknown): WriteFailure[] {
  if (Array.isArray(raw)) return raw.filter((one) => one !== null).map(failure);
  if (typeof raw === 'string' && raw !== '') return [failure(raw)];
  if (!isRecord(raw)) return [];
  const single = [...KINDS, ...MESSAGES, 'requestIndex'].some((key) => isScalar(raw[key]));
  if (single) return [failure(raw)];
  return Object.entries(raw).flatMap(([key, inner]) =>
    parseFailures(isRecord(inner) && /^\d+$/.test(key) ? { requestIndex: Number(key), ...inner } : inner),
  );
}

/** Only the first of each is in the guide; public clients have met the others. */
const KINDS = ['failureType'] as const;
const MESSAGES = ['failureMessageDetails', 'failureReason', 'reason', 'message'] as const;

const isScalar = (value: unknown): boolean =>
  value !== undefined && value !== null && typeof value !== 'object';

function failure(raw: unknown): WriteFailure {
  if (!isRecord(raw)) return { type: '', message: String(raw) };
  const first = (keys: readonly string[]) => keys.map((key) => raw[key]).find(isScalar);
  return {
    ...compact({ requestIndex: optionalNumber.parse(raw['requestIndex'] ?? undefined) }),
    type: textOrEmpty.parse(first(KINDS) ?? ''),
    ...compact({ message: optionalText.parse(first(MESSAGES)) }),
  };
}
