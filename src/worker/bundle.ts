import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkerOptions } from '@temporalio/worker';

/** File of the bundled workflows, written by `npm run build`. */
export const bundlePath = join(__dirname, '..', 'workflow-bundle.js');

/** The bundled workflows; without a bundle, the worker bundles their sources when it starts. */
export function workflowSource(
  codePath = bundlePath,
): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'interceptors'> {
  if (existsSync(codePath)) return { workflowBundle: { codePath } };
  return {
    workflowsPath: require.resolve('../workflows'),
    interceptors: { workflowModules: [require.resolve('../workflows/support/refused-messages')] },
  };
}
