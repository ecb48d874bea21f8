import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

import { getTemporalServer, type TemporalServer } from '../../src/dev-server/server';
import { SEARCH_ATTRIBUTES } from '../../src/contracts';
import { buildLib } from './build-lib';

/** Where every test finds the workflows, bundled once: bundling is most of a worker's start. */
export const BUNDLE = resolve(__dirname, '../../.cache/test/workflow-bundle.js');

declare global {
  var temporalServer: TemporalServer | undefined;
}

/** One Temporal dev server and one workflow bundle for all test files; each file has task queues of its own. */
export default async function setUp(): Promise<void> {
  const server = await getTemporalServer({ ui: false, searchAttributes: [...SEARCH_ATTRIBUTES] });
  globalThis.temporalServer = server;
  process.env['TEST_TEMPORAL_ADDRESS'] = server.address;
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve('../../src/workflows'),
    logger: new DefaultLogger('WARN'),
  });
  mkdirSync(resolve(BUNDLE, '..'), { recursive: true });
  writeFileSync(BUNDLE, code);
  process.env['TEST_LIB'] = buildLib(code);
}
