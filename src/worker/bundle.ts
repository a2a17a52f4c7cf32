import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkerOptions } from '@temporalio/worker';

/** Where the build puts the bundled workflows. */
export const bundlePath = join(__dirname, '..', 'workflow-bundle.js');

/** The workflows as the build has bundled them; where there is no bundle, their sources are bundled at start. */
export function workflowSource(
  codePath = bundlePath,
): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'interceptors'> {
  if (existsSync(codePath)) return { workflowBundle: { codePath } };
  return {
    workflowsPath: require.resolve('../workflows'),
    interceptors: { workflowModules: [require.resolve('../workflows/support/refused-messages')] },
  };
}
