import type { LargeListReadInput } from '../../../contracts';
import { find, named, type Resolved, type Scope } from './lookups';

/** A list. */
export async function largeListRead(s: Scope, input: LargeListReadInput): Promise<Resolved<'largeListRead'>> {
  const found = named(await find(s, 'list', input.list, s.client.lists));
  return { object: { kind: 'list', ...found }, read: { kind: 'lists', ...found }, files: {} };
}
