import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkerOptions } from '@temporalio/worker';

/** The workflows as the build has bundled them; where there is no bundle, their sources are bundled at start. */
export function workflowSource(codePath = join(__dirname, '..', 'workflow-bundle.js')): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  return existsSync(codePath) ? { workflowBundle: { codePath } } : { workflowsPath: require.resolve('../workflows') };
}
