import { gzipSync } from 'node:zlib';
import { SALES_MODEL, startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox';

/** A plain client for the tests: fetch, a token, and nothing clever. */
export class Client {
  token = '';

  constructor(readonly sandbox: Sandbox) {}

  /** Logs in by password. */
  async logIn(): Promise<this> {
    const { user, password } = this.sandbox.credentials;
    const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    const answer = await fetch(`${this.sandbox.url}/token/authenticate`, {
      method: 'POST',
      headers: { authorization },
    });
    const body = (await answer.json()) as { tokenInfo: { tokenValue: string } };
    this.token = body.tokenInfo.tokenValue;
    return this;
  }

  /** A call below `/2/0`. */
  call(
    method: string,
    path: string,
    body?: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(`${this.sandbox.url}/2/0${path}`, {
      method,
      headers: { authorization: `AnaplanAuthToken ${this.token}`, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
    });
  }

  /** A call below the sample model; answers status and parsed body. */
  async model(method: string, path: string, value?: unknown): Promise<{ status: number; body: Body }> {
    const json = { 'content-type': 'application/json' };
    const answer = await this.call(
      method,
      `/models/${SALES_MODEL}${path}`,
      value === undefined ? undefined : JSON.stringify(value),
      json,
    );
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Body };
  }

  /** A text below the sample model. */
  async text(path: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
    const answer = await this.call('GET', `/models/${SALES_MODEL}${path}`, undefined, headers);
    return { status: answer.status, text: await answer.text() };
  }

  /** PUTs a chunk; answers the status. */
  async put(file: string, index: number, bytes: string | Buffer, gzip = false): Promise<number> {
    const type = gzip ? 'application/x-gzip' : 'application/octet-stream';
    const body = gzip ? gzipSync(bytes) : bytes;
    return (
      await this.call('PUT', `/models/${SALES_MODEL}/files/${file}/chunks/${index}`, body, {
        'content-type': type,
      })
    ).status;
  }

  /** Uploads a file as chunks of known count. */
  async upload(file: string, ...chunks: (string | Buffer)[]): Promise<void> {
    await this.model('POST', `/files/${file}`, { chunkCount: chunks.length });
    for (const [i, chunk] of chunks.entries()) await this.put(file, i, chunk);
  }

  /** Starts an action and answers its task ID. */
  async start(kind: string, id: string, extra: object = {}): Promise<string> {
    const { body } = await this.model('POST', `/${kind}/${id}/tasks`, { localeName: 'en_US', ...extra });
    return String(body.taskId ?? body.task?.taskId);
  }

  /** The task's answer. */
  async task(kind: string, id: string, taskId: string): Promise<Task> {
    const { body } = await this.model('GET', `/${kind}/${id}/tasks/${taskId}`);
    if (body.task === undefined) throw new Error('no task');
    return body.task;
  }

  /** Starts an action (of no duration) and answers its end. */
  async run(kind: string, id: string): Promise<Task> {
    return this.task(kind, id, await this.start(kind, id));
  }
}

export interface Result {
  successful: boolean;
  failureDumpAvailable: boolean;
  objectId: string;
  details?: { type: string; localMessageText: string; values: string[]; occurrences: number }[];
  nestedResults?: Result[];
}

export interface Task {
  taskId: string;
  taskState: string;
  progress: number;
  result?: Result;
}

export type Body = Record<string, unknown> & { task?: Task; taskId?: string };

let open: Sandbox[] = [];

/** A sandbox with tasks of no duration, closed by {@link closeAll}, and a client that is logged in. */
export async function tenant(options: SandboxOptions = {}): Promise<{ sandbox: Sandbox; client: Client }> {
  const sandbox = await startSandbox({ taskDurationMs: 0, minPollMs: 0, ...options });
  open.push(sandbox);
  return { sandbox, client: await new Client(sandbox).logIn() };
}

/** Closes every sandbox of a test. */
export async function closeAll(): Promise<void> {
  await Promise.all(open.map((sandbox) => sandbox.close()));
  open = [];
}
