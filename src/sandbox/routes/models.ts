import { empty, readJson, Refusal, type Reply } from '../http';
import { WORKSPACES } from '../tenant';
import { answers, envelope, find, paged, param, type Call, type Route } from './route';

const DASHBOARDS = [{ id: '115000000001', name: 'Sales Dashboard' }];

async function bulkDelete(call: Call): Promise<Reply> {
  const workspace = find([...WORKSPACES], param(call, 'w'));
  const body = await readJson(call.body);
  const unknown = Object.keys(body).find((key) => key !== 'modelIdsToDelete');
  if (unknown !== undefined)
    throw new Refusal(
      400,
      `Identified an unrecognized '${unknown}'. Amend the content so it only contains applicable fields.`,
    );
  const ids = body.modelIdsToDelete;
  if (!Array.isArray(ids) || ids.length === 0)
    throw new Refusal(400, "Expected mandatory field 'modelIdsToDelete' to be present and not empty.");
  const failures: object[] = [];
  for (const id of ids.map(String)) {
    const model = call.world.models.get(id);
    if (model === undefined || model.entry.workspaceId !== workspace.id)
      failures.push({ modelId: id, message: 'Model ID does not exist.' });
    else if (!model.closed)
      failures.push({ modelId: id, message: 'Model is open. Please close the model before trying again.' });
    else {
      model.close();
      call.world.models.delete(id);
    }
  }
  const modelsDeleted = ids.length - failures.length;
  const some = failures.length === 0 ? {} : { bulkDeleteModelsFailures: failures };
  return envelope(call, 'bulkDeleteModelsResponse', { modelsDeleted, ...some });
}

/** anaplan-api: "Close model": the example's verb is GET, public clients send POST. */
function close(call: Call): Reply {
  call.model.closeDown();
  return empty();
}

/** Models are closed, opened and deleted. */
export const modelRoutes: Route[] = [
  answers('POST', '/workspaces/{w}/bulkDeleteModels', bulkDelete),
  answers('GET', '/models/{m}/close', close),
  answers('POST', '/models/{m}/close', close),
  answers('POST', '/models/{m}/open', () => empty(200)),
  answers('GET', '/models/{m}/dashboards', (call) => paged(call, 'dashboard', 'dashboards', DASHBOARDS)),
];
