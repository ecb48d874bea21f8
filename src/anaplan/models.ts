import { z } from 'zod';
import { path, type Api, type Collection } from './api';
import { AnaplanError, ShapeError } from './errors';
import { compact } from './compact';
import {
  isRecord,
  manyOf,
  neededText,
  optionalBoolean,
  optionalNumber,
  optionalText,
  optionalTime,
  read,
  textOrEmpty,
  unwrap,
} from './parse';
import type { CallOptions, Model, ModelRef, ModelStatus, Named, PageOptions } from './types';

/** The path of a model's objects. */
export function modelPath(ref: ModelRef): string {
  return path`/workspaces/${ref.workspaceId}/models/${ref.modelId}`;
}

const categorySchema = z
  .object({
    id: optionalText,
    attribute: optionalText,
    categoryId: optionalText,
    categoryName: optionalText,
    customerId: optionalText,
  })
  .transform(compact);

const schema = z
  .object({
    id: neededText,
    name: textOrEmpty,
    activeState: optionalText,
    currentWorkspaceId: optionalText,
    currentWorkspaceName: optionalText,
    memoryUsage: optionalNumber,
    lastModified: optionalText,
    isoCreationDate: optionalText,
    lastModifiedByUserGuid: optionalText,
    lastSavedSerialNumber: optionalNumber,
    modelTransactionRunning: optionalBoolean,
    modelUrl: optionalText,
    categoryValues: manyOf(categorySchema).transform((all) => (all.length === 0 ? undefined : all)),
  })
  .transform(compact);

/** Reads one model. */
export function parseModel(raw: unknown): Model {
  return read(schema, raw, 'a model');
}

const statusSchema = z
  .object({
    currentStep: optionalText,
    taskId: optionalText,
    tooltip: optionalText,
    progress: optionalNumber,
    creationTime: optionalTime,
    exportTaskType: optionalText,
    peakMemoryUsageEstimate: optionalNumber,
    peakMemoryUsageTime: optionalTime,
  })
  .transform(compact);

const STATUS_MARKS = ['currentStep', 'progress', 'taskId'] as const;

/**
 * Reads a model's status: under `requestStatus`, with or without the envelope, or bare (the guide shows the first, the
 * live API answers bare).
 *
 * Idle is only what says so. A progress of -1 alone is not enough: the guide's write-back (`Updating`) has it too.
 */
export function parseModelStatus(body: unknown): ModelStatus {
  let raw = unwrap(body, ['requestStatus'], STATUS_MARKS);
  if (raw === undefined && isRecord(body)) {
    raw = Object.values(body).find((v) => isRecord(v) && isRecord(v['requestStatus']));
    raw = isRecord(raw) ? raw['requestStatus'] : undefined;
  }
  if (!isRecord(raw) || !STATUS_MARKS.some((mark) => raw[mark] !== undefined && raw[mark] !== null)) {
    throw new ShapeError("the model's status has neither a step nor a progress nor a task");
  }
  const status = read(statusSchema, raw, "the model's status");
  if (status.taskId === '') delete status.taskId;
  const step = status.currentStep?.trim().toLowerCase() ?? '';
  const quiet = status.taskId === undefined && (status.progress === undefined || status.progress < 0);
  return { ...status, idle: quiet && (step === '' || step === 'open') };
}

const dashboardSchema = z.object({ id: neededText, name: textOrEmpty }).transform(compact);

/** Options of the lists of models. */
export interface ModelListOptions extends PageOptions {
  /** The memory each one takes, in bytes. */
  details?: boolean | undefined;
  /** Only models that fit this pattern, in the list of the tenant; live tenants obey tenant administrators only. */
  search?: string | undefined;
  /** `+name` or `-activeState`: as `UserListOptions.sort`, in the list of the tenant. Not in the guide. */
  sort?: string | undefined;
}

const models = (workspaceId: string | undefined, o: ModelListOptions): Collection<Model> => ({
  path: workspaceId === undefined ? '/models' : path`/workspaces/${workspaceId}/models`,
  query: { modelDetails: o.details, s: o.search, sort: o.sort },
  what: 'the list of models',
  keys: ['models', 'model'],
  item: parseModel,
  idOf: (m) => m.id,
});

/** What came of {@link ModelsApi.bulkDelete}. */
export interface ModelsDeleted {
  /** So many are gone. */
  deleted: number;
  /** The others, each with Anaplan's words. */
  failures: { modelId?: string; message?: string }[];
}

const deletedSchema = z.object({
  modelsDeleted: optionalNumber.transform((n) => n ?? 0),
  bulkDeleteModelsFailures: manyOf(
    z.object({ modelId: optionalText, message: optionalText }).transform(compact),
  ),
});

/** Reads what came of a deletion of models. Live tenants leave the list of failures out where there are none. */
export function parseModelsDeleted(body: unknown): ModelsDeleted {
  const raw = unwrap(body, [], ['modelsDeleted', 'bulkDeleteModelsFailures']);
  const { modelsDeleted, bulkDeleteModelsFailures } = read(deletedSchema, raw, 'the answer to the deletion');
  return { deleted: modelsDeleted, failures: bulkDeleteModelsFailures };
}

/** Models and their status (anaplan-api: "Models"). */
export class ModelsApi {
  /** The verb this tenant answers: POST is documented, tenants that answer only GET have been seen. */
  private statusMethod: 'GET' | 'POST' = 'POST';
  private statusKnown = false;

  constructor(private readonly api: Api) {}

  /**
   * All models of a workspace, or of the tenant where none is named (anaplan-api: "Retrieve models"): those that the user
   * can open, all of them for administrators. Archived ones are among them (`activeState: 'ARCHIVED'`).
   */
  list(workspaceId?: string, o: ModelListOptions = {}): Promise<Model[]> {
    return this.api.list(models(workspaceId, o), o);
  }

  /** As {@link list}, one after the other; `limit` is the size of a page. */
  each(workspaceId?: string, o: ModelListOptions = {}): AsyncGenerator<Model> {
    return this.api.each(models(workspaceId, o), o);
  }

  /** One model of the tenant, with its size and transactions unless `details` is false. No access is answered as 404. */
  get(modelId: string, o: CallOptions & { details?: boolean | undefined } = {}): Promise<Model> {
    return this.api.get(
      { method: 'GET', path: path`/models/${modelId}`, query: { modelDetails: o.details ?? true } },
      (body) => parseModel(unwrap(body, ['model', 'models'], ['id'])),
      o,
    );
  }

  /**
   * Deletes models for good (anaplan-api: "Bulk delete models"). For administrators of the workspace with access to the
   * models, which must be closed. Each is deleted or fails by itself: a 2xx may be of failures only. A lost answer may be
   * repeated: what was deleted by then fails as unknown.
   * @throws RangeError where no model is named; nothing was sent
   */
  bulkDelete(workspaceId: string, modelIds: readonly string[], o?: CallOptions): Promise<ModelsDeleted> {
    if (modelIds.length === 0) throw new RangeError('No model is named that is to be deleted.');
    const json = { modelIdsToDelete: modelIds };
    return this.api.get(
      { method: 'POST', path: path`/workspaces/${workspaceId}/bulkDeleteModels`, json, fresh: true },
      parseModelsDeleted,
      o,
    );
  }

  /**
   * Closes the model, for Workspace Administrators (anaplan-api: "Close model"). It is unloaded: task IDs are gone, so never
   * while a task is followed. 422 where it is archived. A lost answer may be repeated. POST as public clients send it, and
   * GET, which the guide's example shows, where that is refused.
   */
  async close(ref: ModelRef, o?: CallOptions): Promise<void> {
    const at = `${modelPath(ref)}/close`;
    try {
      await this.api.run({ method: 'POST', path: at }, o);
    } catch (error) {
      if (!isOfVerb(error) || error.status === 403) throw error;
      await this.api.run({ method: 'GET', path: at }, o).catch((second: unknown) => {
        throw isOfVerb(second) ? error : second;
      });
    }
  }

  /** Loads a closed model. Not in the guide: public clients send it. A lost answer may be repeated. */
  open(ref: ModelRef, o?: CallOptions): Promise<void> {
    return this.api.run({ method: 'POST', path: `${modelPath(ref)}/open` }, o);
  }

  /** The model's dashboards (115...). Not in the guide: seen in live tenants. */
  dashboards(ref: ModelRef, o?: PageOptions): Promise<Named[]> {
    return this.api.list(
      {
        path: `${modelPath(ref)}/dashboards`,
        what: 'the list of dashboards',
        keys: ['dashboards', 'dashboard'],
        item: (raw) => read(dashboardSchema, raw, 'a dashboard'),
        idOf: (dashboard) => dashboard.id,
      },
      o,
    );
  }

  /** What the model is doing (anaplan-api: "Check model status"). Answered even while it is busy. */
  async status(ref: ModelRef, o?: CallOptions): Promise<ModelStatus> {
    const ask = (method: 'GET' | 'POST'): Promise<ModelStatus> =>
      this.api.get(
        {
          method,
          path: `${modelPath(ref)}/status`,
          poll: true,
          ...(method === 'POST' ? { json: {} } : {}),
        },
        parseModelStatus,
        o,
      );
    if (this.statusKnown) return ask(this.statusMethod);
    try {
      const status = await ask('POST');
      this.statusKnown = true;
      return status;
    } catch (error) {
      if (!isOfVerb(error)) throw error;
      const status = await ask('GET').catch((second: unknown) => {
        // A model that is not there: what the documented verb said is what the caller wants to know.
        throw isOfVerb(second) ? error : second;
      });
      this.statusMethod = 'GET';
      this.statusKnown = true;
      return status;
    }
  }
}

/** Refusals that can be about the verb: of it, of its body, or of the place where only the other verb leads. */
function isOfVerb(error: unknown): error is AnaplanError {
  return error instanceof AnaplanError && VERB_STATUSES.has(error.status ?? 0);
}

const VERB_STATUSES = new Set([400, 403, 404, 405, 415, 501]);
