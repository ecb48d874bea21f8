import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DataConverter } from '@temporalio/common';
import type { WorkerInterceptors, WorkerOptions } from '@temporalio/worker';

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

/** What is given to a worker and becomes part of the workflows' code. */
export interface WorkflowParts {
  /** Its converter paths run inside workflows; its codecs do not. */
  dataConverter?: DataConverter;
  /** Its `workflowModules` run inside workflows. */
  interceptors?: WorkerInterceptors;
  /** Plug-ins of the connection; they may add any of these. */
  plugins?: readonly unknown[];
}

/**
 * Where the worker takes the workflows from: the bundle made by the build, which starts in a quarter of the time, when
 * it is there, was made by the SDK version that runs it and nothing was given that belongs inside it; else the sources,
 * which the SDK bundles now, with what was given. A prebuilt bundle has the SDK's own converters whatever the worker is
 * given: with a payload converter its runs would hang, and with a failure converter that encrypts, the failures of
 * workflows would stand in histories in clear.
 *
 * @param directory where the build put the bundle; the package's `lib` by default
 */
export function workflowSource(
  parts: WorkflowParts = {},
  directory: string = resolve(__dirname, '..'),
): Pick<WorkerOptions, 'workflowBundle'> | Pick<WorkerOptions, 'workflowsPath'> {
  const { dataConverter, interceptors, plugins = [] } = parts;
  const plain =
    dataConverter?.payloadConverterPath === undefined &&
    dataConverter?.failureConverterPath === undefined &&
    (interceptors?.workflowModules ?? []).length === 0 &&
    plugins.length === 0;
  const codePath = resolve(directory, 'workflow-bundle.js');
  const notePath = resolve(directory, 'workflow-bundle.json');
  if (plain && existsSync(codePath) && existsSync(notePath)) {
    const note = JSON.parse(readFileSync(notePath, 'utf8')) as BundleNote;
    if (note.sdk === sdkVersion()) return { workflowBundle: { codePath } };
  }
  return { workflowsPath: require.resolve('../workflows') };
}
