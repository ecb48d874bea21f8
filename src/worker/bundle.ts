import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { WorkerOptions } from '@temporalio/worker';

/** What the build writes beside the bundle: which SDK made it. */
interface BundleNote {
  sdk: string;
}

/** Version of the SDK that runs in this process. */
function sdkVersion(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(require.resolve('@temporalio/worker/package.json'), 'utf8'),
  ) as { version: string };
  return manifest.version;
}

/**
 * Where the worker takes the workflows from: the bundle made by the build, which starts in a quarter of the time, when
 * it is there and was made by the SDK version that runs it; else the sources, bundled now.
 *
 * @param directory where the build put the bundle; the package's `lib` by default
 */
export function workflowSource(
  directory: string = resolve(__dirname, '..'),
): Pick<WorkerOptions, 'workflowBundle'> | Pick<WorkerOptions, 'workflowsPath'> {
  const codePath = resolve(directory, 'workflow-bundle.js');
  const notePath = resolve(directory, 'workflow-bundle.json');
  if (existsSync(codePath) && existsSync(notePath)) {
    const note = JSON.parse(readFileSync(notePath, 'utf8')) as BundleNote;
    if (note.sdk === sdkVersion()) return { workflowBundle: { codePath } };
  }
  return { workflowsPath: require.resolve('../workflows') };
}
