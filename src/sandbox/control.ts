import type { IncomingMessage } from 'node:http';
import type { Fault, FaultAction } from './faults';
import { asObject, empty, errorReply, json, readAll, Refusal, type Reply } from './http';
import type { ModelStatus } from './model';
import type { TenantServer } from './server';
import { counts, exportById, modelState } from './state';
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
  server: TenantServer,
  world: World,
  method: string,
  url: URL,
  req: IncomingMessage,
): Promise<Reply> {
  try {
    const raw = (await readAll(req)).toString('utf8').trim();
    const body: unknown = raw === '' ? {} : JSON.parse(raw);
    await Promise.all([...world.models.values()].map((model) => model.tasks.settle()));
    const reply = control(
      server,
      world,
      `${method} ${url.pathname.replace(/\/+$/, '')}`,
      url.searchParams,
      body,
    );
    return reply ?? errorReply(404, url.pathname);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return errorReply(error instanceof Refusal ? error.status : 400, url.pathname, message);
  }
}

function control(
  server: TenantServer,
  world: World,
  asked: string,
  query: URLSearchParams,
  body: unknown,
): Reply | undefined {
  const fields = asObject(body) ?? {};
  const model = () => world.model(text(fields.modelId) ?? query.get('modelId') ?? undefined);
  switch (asked) {
    case 'GET /sandbox/faults':
      return json({ faults: world.faults.list() });
    case 'POST /sandbox/faults': {
      const faults = (Array.isArray(body) ? body : [body]).map(parseFault);
      return json({ ids: faults.map((fault) => world.faults.add(fault)) });
    }
    case 'DELETE /sandbox/faults': {
      const id = query.get('id');
      if (id === null) world.faults.clear();
      else if (!world.faults.remove(id)) throw new Refusal(404, `There is no fault ${id}.`);
      return empty();
    }
    case 'POST /sandbox/faults/release':
      world.faults.release(query.get('id') ?? undefined);
      return empty();
    case 'GET /sandbox/record':
      return json(
        query.has('summary')
          ? { total: world.record.length, counts: counts(world) }
          : { record: world.record },
      );
    case 'GET /sandbox/misuse':
      return json({ misuse: world.misuse.list() });
    case 'GET /sandbox/state':
      return json(state(world));
    case 'POST /sandbox/model': {
      const status = STATUSES.find((known) => known === fields.status);
      if (status === undefined) throw new Refusal(400, `status must be one of ${STATUSES.join(', ')}.`);
      model().setStatus(status, number(fields.forMs));
      return empty();
    }
    case 'POST /sandbox/unload':
      model().tasks.unload();
      return empty();
    case 'POST /sandbox/other-user-starts': {
      const task = model().start(
        text(fields.actionId) ?? '',
        text(fields.user) ?? OTHER_USER,
        { localeName: 'en_US' },
        false,
      );
      if (task === undefined) throw new Refusal(404, 'There is no such action.');
      return json({ taskId: task.taskId });
    }
    case 'POST /sandbox/replace-export': {
      const content = model().writeExport(
        exportById(model(), text(fields.exportId) ?? ''),
        number(fields.bytes),
      );
      return json({ bytes: content.bytes, chunks: content.chunkCount, sha256: content.sha256() });
    }
    case 'POST /sandbox/fail-reads':
      model().reads.failNextReads(number(fields.count) ?? 1);
      return empty();
    case 'POST /sandbox/expire-reads':
      model().reads.expireAll();
      return empty();
    case 'POST /sandbox/expire-tokens':
      world.auth.expireAll();
      return empty();
    case 'POST /sandbox/password': {
      const password = text(fields.password);
      if (password === undefined || password === '') throw new Refusal(400, 'password must be a text.');
      world.setPassword(password, { expireTokens: fields.expireTokens === true });
      return empty();
    }
    case 'POST /sandbox/refuse-log-ins':
      world.auth.refuseLogIns(fields.refuse !== false);
      return empty();
    case 'POST /sandbox/log-out-all':
      world.auth.logOutAll();
      return empty();
    case 'POST /sandbox/expire-files':
      model().files.expire(text(fields.fileId));
      return empty();
    case 'POST /sandbox/default-file': {
      const content = fields.content === null ? null : text(fields.content);
      if (content === undefined) throw new Refusal(400, 'content must be a text, or null.');
      model().files.setDefault(text(fields.fileId) ?? '', content);
      return empty();
    }
    case 'POST /sandbox/options':
      world.configure(fields);
      return empty();
    case 'POST /sandbox/reset':
      server.reset();
      return empty();
    default:
      return undefined;
  }
}

/** The user whose tasks {@link control} starts for `other-user-starts`. */
export const OTHER_USER = 'other.user@example.com';

function state(world: World): object {
  return { counts: counts(world), models: [...world.models.values()].map((model) => modelState(model)) };
}
