import { invalid } from './errors';

/**
 * Refuses a writer's token that could be more than a part of a name.
 * @throws StorageError InvalidInput
 */
export function assertToken(token: string): void {
  if (/^[A-Za-z0-9_-]{1,128}$/.test(token)) return;
  throw invalid(`The token ${JSON.stringify(token)} is not made of letters, digits, - and _ only.`);
}
