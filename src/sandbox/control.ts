import type { IncomingMessage } from 'node:http';
import { compact } from './compact';
import type { Fault, FaultAction } from './faults';
import { asObject, empty, errorReply, json, readAll, Refusal, type Reply } from './http';
import type { ModelStatus } from './model';
import type { Sandbox } from './controls';
import { counts, modelState } from './state';
import type { World } from './world';

const STATUSES: readonly ModelStatus[] = ['open', 'locked', 'offline', 'archived', 'deployed', 'busy'];

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

/** Checks the outline of a fault that came as JSON; its action is taken as it is. */
function parseFault(value: unknown): Fault {
  const fault = asObject(value);
  const action = asObject(fault?.action);
  const path = fault?.path;
  const pathFits = typeof path === 'string' || typeof asObject(path)?.source === 'string';
  if (fault === undefined || typeof action?.kind !== 'string' || !pathFits) {
    throw new Refusal(400, 'A fault needs a path (a string, or {source, flags}) and an action with a kind.');
  }
  return { ...fault, path: path as Fault['path'], action: action as unknown as FaultAction };
}

/** Answers the control routes below `/sandbox`. They need no token and are not recorded. */
export async function answerControl(
  sandbox: Sandbox,
  world: World,
  method: string,
  url: URL,
  req: IncomingMessage,
): Promise<Reply> {
  try {
    const raw = (await readAll(req)).toString('utf8').trim();
    const body: unknown = raw === '' ? {} : JSON.parse(raw);
    await sandbox.settle();
    const asked = `${method} ${url.pathname.replace(/\/+$/, '')}`;
    return control(sandbox, world, asked, url.searchParams, body) ?? errorReply(404, url.pathname);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return errorReply(error instanceof Refusal ? error.status : 400, url.pathname, message);
  }
}

/** From a request to the control of the same name. */
function control(
  sandbox: Sandbox,
  world: World,
  asked: string,
  query: URLSearchParams,
  body: unknown,
): Reply | undefined {
  const fields = asObject(body) ?? {};
  const modelId = text(fields.modelId) ?? query.get('modelId') ?? undefined;
  switch (asked) {
    case 'GET /sandbox/faults':
      return json({ faults: sandbox.faults.list() });
    case 'POST /sandbox/faults': {
      const faults = (Array.isArray(body) ? body : [body]).map(parseFault);
      return json({ ids: faults.map((fault) => sandbox.faults.add(fault)) });
    }
    case 'DELETE /sandbox/faults': {
      const id = query.get('id');
      if (id === null) sandbox.faults.clear();
      else if (!sandbox.faults.remove(id)) throw new Refusal(404, `There is no fault ${id}.`);
      return empty();
    }
    case 'POST /sandbox/faults/release':
      sandbox.faults.release(query.get('id') ?? undefined);
      return empty();
    case 'GET /sandbox/record':
      return json(
        query.has('summary')
          ? { total: sandbox.record.length, counts: counts(world) }
          : { record: sandbox.record },
      );
    case 'GET /sandbox/misuse':
      return json({ misuse: sandbox.misuses });
    case 'GET /sandbox/state':
      return json({ counts: counts(world), models: [...world.models.values()].map(modelState) });
    case 'POST /sandbox/model': {
      const status = STATUSES.find((known) => known === fields.status);
      if (status === undefined) throw new Refusal(400, `status must be one of ${STATUSES.join(', ')}.`);
      sandbox.setModelState({ status, ...compact({ forMs: number(fields.forMs), modelId }) });
      return empty();
    }
    case 'POST /sandbox/unload':
      sandbox.unloadModel(modelId);
      return empty();
    case 'POST /sandbox/other-user-starts': {
      const options = compact({ user: text(fields.user), modelId });
      return json({ taskId: sandbox.otherUserStarts(text(fields.actionId) ?? '', options) });
    }
    case 'POST /sandbox/replace-export': {
      const options = compact({ bytes: number(fields.bytes), modelId });
      const { bytes, chunks, sha256 } = sandbox.replaceExport(text(fields.exportId) ?? '', options);
      return json({ bytes, chunks, sha256 });
    }
    case 'POST /sandbox/fail-reads':
      sandbox.failNextReads(number(fields.count), modelId);
      return empty();
    case 'POST /sandbox/expire-reads':
      sandbox.expireReads(modelId);
      return empty();
    case 'POST /sandbox/expire-tokens':
      sandbox.expireTokens();
      return empty();
    case 'POST /sandbox/password': {
      const password = text(fields.password);
      if (password === undefined || password === '') throw new Refusal(400, 'password must be a text.');
      sandbox.setPassword(password, { expireTokens: fields.expireTokens === true });
      return empty();
    }
    case 'POST /sandbox/refuse-log-ins':
      sandbox.refuseLogIns(fields.refuse !== false);
      return empty();
    case 'POST /sandbox/log-out-all':
      sandbox.logOutAll();
      return empty();
    case 'POST /sandbox/expire-files':
      sandbox.expireFiles(text(fields.fileId), modelId);
      return empty();
    case 'POST /sandbox/default-file': {
      const content = fields.content === null ? null : text(fields.content);
      if (content === undefined) throw new Refusal(400, 'content must be a text, or null.');
      sandbox.setDefaultFile(text(fields.fileId) ?? '', content, modelId);
      return empty();
    }
    case 'POST /sandbox/options':
      sandbox.configure(fields);
      return empty();
    case 'POST /sandbox/reset':
      sandbox.reset();
      return empty();
    default:
      return undefined;
  }
}
