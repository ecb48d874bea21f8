import { formatLine, WorkerLogger } from '../../src/worker/logging';

const AT = new Date('2026-01-02T03:04:05.678Z');

test('text is one line, whatever is in it', () => {
  expect(
    formatLine('text', AT, 'WARN', 'Activity failed\n  at x', {
      attempt: 2,
      error: new Error('no\nstack'),
      gone: undefined,
      q: 'a b',
    }),
  ).toBe('2026-01-02T03:04:05.678Z WARN  Activity failed at x attempt=2 error=no q="a b"');
});

test('JSON lines hold time, level, message and fields', () => {
  expect(JSON.parse(formatLine('json', AT, 'INFO', 'Ready', { ms: 12, big: 5n }))).toEqual({
    time: '2026-01-02T03:04:05.678Z',
    level: 'info',
    message: 'Ready',
    ms: 12,
    big: '5',
  });
});

test("the SDK's chatter stays out, its warnings stay in with the fields that matter", () => {
  const lines: string[] = [];
  const logger = new WorkerLogger('text', 'INFO', (line) => lines.push(line.slice(25)));
  logger.info('Worker state changed', { sdkComponent: 'worker', state: 'RUNNING' });
  logger.warn('No workflows registered, not polling for workflow tasks', { sdkComponent: 'worker' });
  logger.debug('hidden');
  logger.warn('Activity failed', {
    sdkComponent: 'worker',
    workflowId: 'w',
    namespace: 'n',
    error: new Error('why'),
  });
  logger.info('Ready', { ms: 1 });
  expect(lines).toEqual(['WARN  Activity failed workflowId=w error=why', 'INFO  Ready ms=1']);
});
