import type { View } from '../../../anaplan';
import type { LargeViewReadInput } from '../../../contracts';
import type { Named } from '../../attempt/contract';
import { pick, reference, type Reference } from '../names';
import { find, type Resolved, type Scope } from './lookups';

/** A view: of the whole model, or of one module. */
export async function largeViewRead(s: Scope, input: LargeViewReadInput): Promise<Resolved<'largeViewRead'>> {
  const ref = reference('object', input.view);
  const found =
    ref.by !== 'id' && input.module !== undefined
      ? await inModule(s, ref, input.module)
      : await inModel(s, ref);
  return { object: { kind: 'view', ...found }, read: { kind: 'views', ...found }, files: {} };
}

async function inModel(s: Scope, ref: Reference): Promise<Named> {
  const views = await viewsFor(
    ref,
    (subsidiary) => s.client.views.list(s.ref, { signal: s.signal, subsidiary }),
    (v) => namesOfView(v.name),
  );
  if (ref.by === 'id') {
    // The ID of a line item stands for its subsidiary view (Anaplan: "Retrieve cell data for a view").
    const known = views.find((v) => v.id === ref.value);
    return { id: ref.value, name: known?.name || ref.value };
  }
  const { id, name } = pick('view', s.where, ref, views);
  return { id, name };
}

async function inModule(s: Scope, ref: Reference, given: string): Promise<Named> {
  const module = await find(s, 'module', given, s.client.modules);
  const views = await viewsFor(
    ref,
    (subsidiary) => s.client.views.listInModule(s.ref, module.id, { signal: s.signal, subsidiary }),
    (v) => {
      const names = namesOfView(v.name).flatMap((n) =>
        n.startsWith(`${module.name}.`) ? [n, n.slice(module.name.length + 1)] : [n],
      );
      return v.id === module.id ? [...names, module.name, 'default'] : names;
    },
  );
  const { id, name } = pick('view', ` in module "${module.name}"`, ref, views);
  return { id, name: `${module.name}.${name}` };
}

/** Quotes enclose names with special characters (Anaplan: "Retrieve IDs and names for all views in a model"). */
function namesOfView(name: string): string[] {
  return [name, name.replace(/'([^']*)'/g, '$1')];
}

/**
 * Default and saved views, and where none of them is the wanted one the subsidiary views of line items too: nobody has
 * given those a name of their own, so they never make a saved view's name ambiguous.
 */
async function viewsFor(
  wanted: Reference,
  list: (subsidiary: boolean) => Promise<View[]>,
  namesOf: (view: View) => Iterable<string>,
): Promise<View[]> {
  const each = async (subsidiary: boolean) =>
    (await list(subsidiary)).flatMap((view) =>
      [...new Set(namesOf(view))].map((name) => ({ ...view, name })),
    );
  const saved = await each(false);
  const found = saved.some((v) => (wanted.by !== 'name' && v.id === wanted.value) || v.name === wanted.value);
  return found ? saved : each(true);
}
