import { ABORTED, AnaplanError } from '../errors';
import { AUTHENTICATE } from './credentials';

/** Waits for something shared, but no longer than the caller wants. */
export async function waitFor<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return shared;
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () =>
      reject(
        new AnaplanError('The call was aborted while it waited for the log-in; nothing was sent.', {
          kind: 'network',
          method: 'POST',
          path: AUTHENTICATE,
          sent: 'no',
          code: ABORTED,
          cause: signal.reason as unknown,
        }),
      );
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  shared.catch(() => undefined);
  try {
    return await Promise.race([shared, aborted]);
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
  }
}
