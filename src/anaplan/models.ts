import { z } from 'zod';
import { path, type Api } from './api';
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
import type { CallOptions, Model, ModelRef, ModelStatus } from './types';

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

/** Models and their status (anaplan-api: "Models"). */
export class ModelsApi {
  /** The verb this tenant answers: POST is documented, tenants that answer only GET have been seen. */
  private statusMethod: 'GET' | 'POST' = 'POST';
  private statusKnown = false;

  constructor(private readonly api: Api) {}

  /**
   * All models of a workspace, or of the tenant where none is named. Archived ones are among them
   * (`activeState: 'ARCHIVED'`).
   */
  list(workspaceId?: string, o?: CallOptions): Promise<Model[]> {
    return this.api.list(
      {
        path: workspaceId === undefined ? '/models' : path`/workspaces/${workspaceId}/models`,
        what: 'the list of models',
        keys: ['models', 'model'],
        item: parseModel,
        idOf: (m) => m.id,
      },
      o,
    );
  }

  /** One model of the tenant. No access is answered as 404. */
  get(modelId: string, o?: CallOptions): Promise<Model> {
    return this.api.get(
      { method: 'GET', path: path`/models/${modelId}`, query: { modelDetails: true } },
      (body) => parseModel(unwrap(body, ['model', 'models'], ['id'])),
      o,
    );
  }

  /** What the model is doing. Answered even while it is busy. */
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
