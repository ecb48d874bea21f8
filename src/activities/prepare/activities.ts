/** The first activity of every run: checks the input, logs in, turns names into IDs, and changes nothing. */

import { AnaplanError, retryRule } from '../../anaplan';
import type { CommonInput, IntegrationInputs, IntegrationName, SearchAttribute } from '../../contracts';
import { compact, INTEGRATIONS, timeoutsBeforeEffect } from '../../contracts';
import { namedObject } from '../../contracts/integrations';
import { checkInput } from '../../contracts/schemas';
import { DEFAULT_TIMING, type ActivityDeps, type Timing } from '../attempt/deps';
import { fail, withFacts } from '../attempt/failures';
import { catalogueOf, type Definitions } from './catalogue';
import { placesOf } from './places';
import { pick, reference, wrongCase } from './names';
import { assertNotStartedBefore } from '../shared/past';
import { resolvers } from './resolve';
import type { Scope } from './resolve/lookups';
import type { Named } from '../attempt/contract';
import type { Prepared, PrepareInput } from './contract';
import { work, type Work } from '../attempt/work';

/** Builds `anaplan.prepare`. */
export function createPrepare(deps: ActivityDeps) {
  const timing = { ...DEFAULT_TIMING, ...deps.timing };
  return async function prepare(given: PrepareInput): Promise<Prepared> {
    const known: Attributes = {};
    try {
      return await prepareRun(deps, timing, given, known);
    } catch (error) {
      // So that a run which ends here can be found by its search attributes.
      throw deps.searchAttributes() ? withFacts(error, { attributes: known }) : error;
    }
  };
}

type Attributes = Partial<Record<SearchAttribute, string>>;

async function prepareRun(
  deps: ActivityDeps,
  timing: Timing,
  { integration, input, firstRunId }: PrepareInput,
  known: Attributes,
): Promise<Prepared> {
  Object.assign(known, attributesOf(integration, input));
  const checked = validated(integration, input);
  const timeouts = timeoutsBeforeEffect(checked.timeouts);
  return work<never, Prepared>(
    { what: title(integration, checked), bounds: timeouts, first: true, timing, share: shareOf(checked) },
    async (w) => {
      const { startAgainIfUnknown } = checked as { startAgainIfUnknown?: boolean };
      // Before anything with an effect; and again right before the start.
      if (!startAgainIfUnknown)
        await assertNotStartedBefore(objectIn(integration, checked) ?? integration, firstRunId);
      const places = await placesOf(deps, checked, timing);
      const connection = checked.connection ?? 'default';
      const catalogue = catalogueOf(deps.connection(connection).client, timing.rememberMs);
      const found = await catalogue.resolve(w.signal, async (client) => {
        const { workspace, model } = await findModel(client, checked, w);
        known.AnaplanWorkspace = workspace.name;
        known.AnaplanModel = model.name;
        const scope: Scope = {
          client,
          ref: { workspaceId: workspace.id, modelId: model.id },
          where: ` in model "${model.name}"`,
          signal: w.signal,
        };
        const resolved = await resolvers[integration](scope, checked as never);
        return { workspace, model, ...resolved, ...compact({ user: await whoAmI(client, w) }) };
      });
      return { connection, ...found, places, searchAttributes: deps.searchAttributes() };
    },
  );
}

/** What an input says of a run, before anything of it is checked. */
function attributesOf(integration: IntegrationName, input: unknown): Attributes {
  if (typeof input !== 'object' || input === null) return {};
  const given = input as Record<string, unknown>;
  const { connection = 'default', workspace, model } = given;
  const named = Object.entries({
    AnaplanConnection: connection,
    AnaplanWorkspace: workspace,
    AnaplanModel: model,
    AnaplanObject: objectIn(integration, given),
  });
  return Object.fromEntries(
    named.flatMap(([name, value]) => (typeof value === 'string' && value !== '' ? [[name, value]] : [])),
  );
}

/** The object that an input names: `import Load Sales`. */
function objectIn(integration: IntegrationName, input: unknown): string | undefined {
  const named = namedObject(integration, input);
  return named && `${named.kind} ${named.given}`;
}

function validated<N extends IntegrationName>(integration: N, input: unknown): IntegrationInputs[N] {
  if (!INTEGRATIONS.includes(integration))
    throw fail('InvalidInput', `There is no integration "${integration}".`);
  const checked = checkInput(integration, input);
  if (checked.ok) return checked.input as IntegrationInputs[N];
  const issues = checked.issues.map((i) => (i.path ? `${i.path}: ${i.message}` : i.message));
  throw fail('InvalidInput', `The input of ${integration} is not valid. ${issues.slice(0, 10).join('; ')}.`, {
    parameters: Object.fromEntries(checked.issues.slice(0, 10).map((i) => [i.path || '(input)', i.message])),
  });
}

/** Names are not resolved yet; as they were given they serve as IDs. */
function shareOf({ connection = 'default', workspace, model }: CommonInput): string {
  return [connection, workspace ?? '', model].join('/');
}

function title(integration: IntegrationName, input: CommonInput): string {
  return `Preparing ${integration} on model "${input.model}"`;
}

async function findModel(
  client: Definitions,
  input: CommonInput,
  w: Work<never>,
): Promise<{ workspace: Named; model: Named }> {
  const options = { signal: w.signal };
  const ref = reference('model', input.model);
  const hint = wrongCase('model', ref);
  const workspace =
    input.workspace === undefined ? undefined : await findWorkspace(client, input.workspace, w);
  if (ref.by === 'id') {
    if (hint !== undefined) throw hint;
    const model = await client.models.get(ref.value, options);
    assertUsable(model.name || model.id, model.activeState);
    const home = model.currentWorkspaceId ?? workspace?.id;
    if (home === undefined) {
      throw fail(
        'InvalidInput',
        `workspace: Anaplan does not say which workspace model "${ref.value}" is in.`,
        { remedy: 'Name it.' },
      );
    }
    if (workspace && home !== workspace.id) {
      throw fail(
        'InvalidInput',
        `workspace: model "${model.name}" (${model.id}) is in workspace "${model.currentWorkspaceName ?? home}", not in "${workspace.name}".`,
      );
    }
    return {
      workspace: workspace ?? { id: home, name: model.currentWorkspaceName ?? home },
      model: { id: model.id, name: model.name || model.id },
    };
  }
  if (!workspace) {
    throw (
      hint ??
      fail('InvalidInput', `workspace: needed, because model "${input.model}" is given by name.`, {
        remedy: "Name it, or give the model's ID.",
      })
    );
  }
  const models = await client.models.list(workspace.id, options);
  if (hint !== undefined && !models.some((m) => m.name === ref.value)) throw hint;
  const model = pick(
    'model',
    ` in workspace "${workspace.name}"`,
    ref,
    models.map((m) => ({ ...m, archived: m.activeState === 'ARCHIVED' })),
  );
  assertUsable(model.name, model.activeState);
  return { workspace, model: { id: model.id, name: model.name || model.id } };
}

function assertUsable(name: string, activeState: string | undefined): void {
  if (activeState === 'ARCHIVED') {
    throw fail('ModelArchived', `Model "${name}" is archived.`);
  }
}

async function findWorkspace(client: Definitions, given: string, w: Work<never>): Promise<Named> {
  const ref = reference('workspace', given);
  const hint = wrongCase('workspace', ref);
  if (ref.by === 'id') {
    if (hint !== undefined) throw hint;
    const found = await client.workspaces.get(ref.value, { signal: w.signal });
    return { id: found.id, name: found.name || found.id };
  }
  const workspaces = await client.workspaces.list({ signal: w.signal });
  if (hint !== undefined && !workspaces.some((found) => found.name === ref.value)) throw hint;
  const found = pick('workspace', '', ref, workspaces);
  return { id: found.id, name: found.name || found.id };
}

/** Whose tasks are ours. Only used to read model status; a tenant that does not tell is no reason to fail. */
async function whoAmI(client: Definitions, w: Work<never>): Promise<Prepared['user']> {
  try {
    const me = await client.users.me({ signal: w.signal });
    if (!me.email) return undefined;
    return { email: me.email, name: [me.firstName, me.lastName].filter(Boolean).join(' ') };
  } catch (error) {
    // A tenant that does not tell is no reason to fail; one that does not answer now is asked again.
    if (error instanceof AnaplanError && error.sent === 'answered' && retryRule(error).class === 'refused')
      return undefined;
    throw error;
  }
}
