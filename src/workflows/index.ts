import type { WorkflowDefinitionOptions } from '@temporalio/common';
import { setWorkflowOptions, workflowInfo } from '@temporalio/workflow';
import { deployment } from './deployment';
import { inspect } from './inspect';

/** Where workers run as builds, what comes to an end ends on the build that it began on. What lives long moves on. */
const endsWhereItBegan = (): WorkflowDefinitionOptions =>
  workflowInfo().currentDeploymentVersion?.deploymentName ? { versioningBehavior: 'PINNED' } : {};
for (const workflow of [deployment, inspect]) setWorkflowOptions(endsWhereItBegan, workflow as () => Promise<unknown>);

export { deployment, inspect };
export { environment } from './environment';
export { fleet } from './fleet';
export { host } from './host';
export { notify } from './notify';
export { redeploy } from './redeploy';
export { release } from './release';
