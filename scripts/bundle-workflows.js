'use strict';
// Bundles lib/workflows for the worker, so that it is ready in well under 2 s, and notes the SDK version beside it:
// only the SDK that made a bundle may run it. Part of `npm run build`.
const { chmodSync, writeFileSync } = require('node:fs');
const { resolve } = require('node:path');
const { bundleWorkflowCode, DefaultLogger } = require('@temporalio/worker');

const lib = resolve(__dirname, '..', 'lib');

// The SDK refuses a bundle without an inlined source map, and a real one is twice the size of the code.
const EMPTY_MAP = { version: 3, file: 'workflow-bundle.js', sources: [], names: [], mappings: '' };
const MAP_COMMENT = `\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(EMPTY_MAP)).toString('base64')}`;

async function main() {
  const { code } = await bundleWorkflowCode({
    workflowsPath: resolve(lib, 'workflows', 'index.js'),
    logger: new DefaultLogger('WARN'),
    // Not minimised: the SDK goes by the names of functions, and stack traces are read by people.
    webpackConfigHook: (config) => ({
      ...config,
      mode: 'production',
      devtool: false,
      optimization: { ...config.optimization, minimize: false },
    }),
  });
  writeFileSync(resolve(lib, 'workflow-bundle.js'), code + MAP_COMMENT);
  const sdk = require('@temporalio/worker/package.json').version;
  writeFileSync(resolve(lib, 'workflow-bundle.json'), `${JSON.stringify({ sdk })}\n`);
  // npm does this for an installed package; a checkout can run it as well.
  chmodSync(resolve(lib, 'cli', 'main.js'), 0o755);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
