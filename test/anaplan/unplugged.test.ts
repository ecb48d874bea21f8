import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { Agent } from 'undici';

import { type ActionRef, AnaplanClient } from '../../src/anaplan';
import { resettingConnector } from '../../src/anaplan/http/connector';
import { SALES_MODEL, type Sandbox, startSandbox } from '../../src/sandbox';
import { noise } from '../support/content';
import { SilentProxy } from '../support/silent-proxy';
import { fast } from './server';

const ORDER: ActionRef = { kind: 'actions', id: '117000000002' };
const BULK_FILE = '113000000003';
/** Everything that the proxy kept has arrived after this. */
const ARRIVES_MS = 1_500;

/**
 * What a process has written stays with its machine while that has no network, and is sent when the network is back: up
 * to a quarter of an hour later, also of a connection that was closed.
 */
describe('a request that is given up before it has left the machine', () => {
  let sandbox: Sandbox;
  let proxy: SilentProxy;
  let client: AnaplanClient;
  let ref: { workspaceId: string; modelId: string };
  beforeEach(async () => {
    sandbox = await startSandbox({ requestsPerMinute: false, taskDurationMs: 0 });
    proxy = await SilentProxy.start(new URL(sandbox.url).host);
    const url = `http://${proxy.address}`;
    const credentials = { kind: 'basic', ...sandbox.credentials } as const;
    client = new AnaplanClient({ apiUrl: url, authUrl: url, credentials, limiter: fast() });
    const model = (await client.models.list()).find((m) => m.id === SALES_MODEL);
    ref = { workspaceId: model?.currentWorkspaceId ?? '', modelId: SALES_MODEL };
  });
  afterEach(async () => {
    await client.close();
    await proxy.close();
    await sandbox.close();
  });

  async function givenUp(text: RegExp, send: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const stop = new AbortController();
    const unplugged = proxy.unplugAt(text);
    const sent = send(stop.signal).then(
      () => 'answered',
      (error: unknown) => error,
    );
    await unplugged;
    await delay(300); // until all of it is written
    stop.abort();
    expect(await sent).toMatchObject({ sent: 'unknown' });
    await delay(300); // until the system has done with the connection
    proxy.restore();
    await delay(ARRIVES_MS);
  }

  it('starts no task when the network is back', async () => {
    await givenUp(/^POST/, (signal) => client.tasks.start(ref, ORDER, { localeName: 'en_US' }, { signal }));
    expect(sandbox.tasks()).toEqual([]);
  });

  it('changes no chunk when the network is back', async () => {
    await client.files.setChunkCount(ref, BULK_FILE, 1);
    const bytes = noise(300_000, 'late');
    const chunk = { slices: () => [bytes], length: bytes.length, gzip: false };
    await givenUp(/^PUT/, (signal) => client.files.putChunk(ref, BULK_FILE, 0, chunk, { signal }));
    expect(sandbox.record.filter((r) => r.method === 'PUT')).toEqual([]);
  });

  it('changes nothing over TLS either', async () => {
    const pem = (name: string) => readFileSync(join(__dirname, '../sandbox/fixtures', name));
    const cert = pem('test-certificate.pem');
    const arrived: (string | undefined)[] = [];
    const server = createServer({ key: pem('test-key.pem'), cert }, (req, res) => {
      arrived.push(req.url);
      res.end('{}');
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    const way = await SilentProxy.start(`127.0.0.1:${port}`);
    const trust = { ca: cert, checkServerIdentity: () => undefined };
    const agent = new Agent({ connections: 1, connect: resettingConnector(5_000, trust) });
    const send = (path: string, signal?: AbortSignal) =>
      agent.request({ origin: `https://${way.address}`, method: 'DELETE', path, signal: signal ?? null });
    try {
      await (await send('/first')).body.dump();
      const stop = new AbortController();
      way.unplug();
      // On the connection that stands.
      const sent = send('/second', stop.signal).catch((error: unknown) => error);
      await delay(300);
      stop.abort();
      expect(await sent).toMatchObject({ name: 'AbortError' });
      await delay(300);
      way.restore();
      await delay(ARRIVES_MS);
      expect(arrived).toEqual(['/first']);
    } finally {
      await agent.destroy();
      await way.close();
      server.close();
      server.closeAllConnections();
    }
  });
});
