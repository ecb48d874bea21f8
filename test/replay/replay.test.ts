import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { Worker, type ReplayResult } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';

import { INTEGRATIONS } from '../../src/contracts';
import { installRuntime, WorkerLogger } from '../../src/worker';
import { bundleWith } from '../workflows/support';
import { HISTORIES, record } from './record';

interface Stored {
  workflowId: string;
  history: unknown;
}
const stored = () =>
  readdirSync(HISTORIES).map((file) => ({
    name: basename(file, '.json'),
    text: readFileSync(join(HISTORIES, file), 'utf8'),
  }));

async function replay(code: string, only?: string): Promise<Record<string, Error | undefined>> {
  const chosen = stored().filter(({ name }) => only === undefined || name === only);
  const histories = chosen.map(({ name, text }) => ({
    workflowId: name,
    history: (JSON.parse(text) as Stored).history,
  }));
  const results = Worker.runReplayHistories({ workflowBundle: { code }, replayName: 'stored' }, histories);
  const out: Record<string, Error | undefined> = {};
  for await (const { workflowId, error } of results as AsyncIterable<ReplayResult>) out[workflowId] = error;
  return out;
}

describe('replay: a run that was begun before an upgrade goes on after it', () => {
  beforeAll(async () => {
    installRuntime(new WorkerLogger('text', 'ERROR', () => undefined));
    if (process.env['RECORD_HISTORIES']) await record();
  });

  it('has a history of every integration, of the lock and of the endings', () => {
    const names = stored().map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        ...INTEGRATIONS,
        'anaplanBudget',
        'anaplanLock',
        'runActionFailed',
        'runActionCancelled',
        'runActionAdopted',
        'runActionWaited',
        'uploadImportRejected',
        'invalidInput',
      ]),
    );
  });

  it('replays every stored history with the workflows as they are', async () => {
    const results = await replay(bundleWith({}));
    expect(Object.keys(results)).toHaveLength(stored().length);
    expect(Object.entries(results).filter(([, error]) => error !== undefined)).toEqual([]);
  });

  it.each([
    ['an activity under another name', 'runAction', 'startTask', 'fileChunks'],
    ['an activity more', 'uploadFile', 'openSource', 'rootServed'],
    ['a lock that is not asked for', 'uploadFile', 'askLock', 'openRuns'],
  ])('would notice %s', async (_, name, is, becomes) => {
    const code = bundleWith({});
    const named = '`anaplan.${name}`';
    expect(code.includes(named)).toBe(true);
    const renamed = `\`anaplan.\${name === '${is}' ? '${becomes}' : name}\``;
    const errors = Object.values(await replay(code.replaceAll(named, renamed), name));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(DeterminismViolationError);
  });

  it('holds no secret, no row, no folder and no host of where the histories were made', () => {
    for (const { text } of stored()) {
      const payloads = [...text.matchAll(/"data": "([A-Za-z0-9+/=]+)"/g)].map((m) =>
        Buffer.from(m[1] ?? '', 'base64').toString('utf8'),
      );
      const plain = [text, ...payloads].join('\n');
      expect(plain).toContain('anaplan');
      expect(plain).not.toMatch(/AnaplanAuthToken|"password"|tokenValue|127\.0\.0\.1|localhost/);
      expect(plain).not.toMatch(/\/(home|root|Users|tmp|work|var)\//);
      expect(plain).not.toMatch(/P9999|2026-03-06/);
    }
  });
});
