import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { cancelledText } from '../../src/cli/output/control-text';
import { TemporalDeployment } from '../../src/client/deployment-handle';
import { BadRequest } from '../../src/temporal/errors';
import type { DeploymentResult } from '../../src/workflows/messages';

type Workflow = WorkflowHandle<() => Promise<DeploymentResult>>;

/** A deployment with a status at each look, and with what happens to the signal. */
function deployment(statuses: string[], signal: () => Promise<void>): TemporalDeployment {
  const describe = async () => ({ status: { name: statuses.shift() }, raw: {} });
  const client = {
    options: { namespace: 'default' },
    connection: { workflowService: { describeTaskQueue: async () => ({ pollers: [] }) } },
  };
  return new TemporalDeployment({ workflowId: 'deployment/a/b/c', client, describe, signal } as unknown as Workflow);
}

describe('the cancellation of a deployment', () => {
  it('tells a deployment that it ended from one that had ended before', async () => {
    const sent = jest.fn(async () => undefined);
    expect(await deployment(['RUNNING', 'FAILED'], sent).end('ana')).toBe('ended');
    expect(sent).toHaveBeenCalledTimes(1);
    expect(await deployment(['FAILED'], sent).end('ana')).toBe('over');
    expect(sent).toHaveBeenCalledTimes(1);
    const late = () => Promise.reject(new WorkflowNotFoundError('already completed', 'deployment/a/b/c', undefined));
    expect(await deployment(['RUNNING'], late).end('ana')).toBe('over');
  });

  it('says how the deployment has ended, and only that it was cancelled if it was', () => {
    expect(cancelledText('1', 'cancelled')).toBe('deployment 1 was cancelled');
    expect(cancelledText('1', 'rollback_incomplete')).toBe('deployment 1 has ended: rollback incomplete');
    expect(() => cancelledText('1', 'succeeded')).toThrow(
      new BadRequest('deployment 1 ended before it could be cancelled: succeeded'),
    );
  });
});
