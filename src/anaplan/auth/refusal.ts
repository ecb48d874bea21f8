/** Log-ins that were refused. Wrong tries lock an account, so they are remembered. */
import { AnaplanError } from '../errors';
import { AUTHENTICATE, type Credentials } from './credentials';

/** A log-in that was refused, and what it was made with. */
export interface Refused {
  error: AnaplanError;
  at: number;
  secret: string;
}

/** Whether credentials were refused. */
export function isRefusal(error: unknown): boolean {
  return error instanceof AnaplanError && error.kind === 'auth';
}

/** Whose log-in it is, for messages: the secret never is. */
export function loggedInAs(credentials: Credentials, name: string | undefined): string {
  const who = credentials.kind === 'basic' ? `user "${credentials.user}"` : `the ${credentials.kind}`;
  return name === undefined ? who : `${who} (connection "${name}")`;
}

/** The auth error of a log-in that was refused; undefined for any other trouble. */
export function refusalOf(error: unknown, who: string): AnaplanError | undefined {
  if (!(error instanceof AnaplanError) || error.kind !== 'status') return undefined;
  if (error.status !== 401 && error.status !== 400 && error.status !== 403) return undefined;
  const said = error.anaplanMessage;
  return new AnaplanError(
    `Anaplan refused the log-in of ${who} with ${error.status}${said === undefined ? '' : ` "${said.replace(/\.$/, '')}"`}.`,
    {
      remedy:
        'Check the user and password or the certificate; under single sign-on, basic authentication needs an exception user.',
      kind: 'auth',
      method: error.method,
      path: error.path,
      status: error.status,
      sent: 'answered',
      anaplanMessage: said,
      serverDate: error.serverDate,
    },
  );
}

/** The same refusal for another call: each has an error of its own, nothing was sent for it. */
export function again(error: AnaplanError, agoMs: number, leftMs: number): AnaplanError {
  const seconds = (ms: number): string => `${Math.ceil(ms / 1000)} s`;
  const when = `That was ${seconds(agoMs)} ago; so that the account is not locked, the next log-in waits ${seconds(leftMs)}.`;
  return new AnaplanError(`${error.message} ${when}`, {
    kind: 'auth',
    method: error.method,
    path: error.path,
    status: error.status,
    sent: 'no',
    anaplanMessage: error.anaplanMessage,
    remedy: error.remedy,
  });
}

/** What tells one secret from another. Never leaves this folder. */
export function secretOf(credentials: Credentials): string {
  return JSON.stringify(credentials);
}

/** The error of a call that no log-in can be made for. */
export function unavailable(why: string): AnaplanError {
  return new AnaplanError(why, { kind: 'auth', method: 'POST', path: AUTHENTICATE, sent: 'no' });
}
