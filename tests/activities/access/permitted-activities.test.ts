import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { StatementGuard } from '../../../src/activities/access/statement-guard';
import type { Activities } from '../../../src/activities/contract';
import { SoftwareFault } from '../../../src/activities/failures';
import { withPermission } from '../../../src/activities/guards/permitted-activities';

const place = { stack: 'shop', environment: 'production' };
/** Inputs of activities, which have their environment in one of two places. */
const inputOf = (name: string, of = place) => (name === 'restartInstance' ? { place: of } : of);

/** What changes an environment, or what runs in it. */
const changing = [
  'sealRelease',
  'syncSchedules',
  'passResealed',
  'pullImage',
  'createNetwork',
  'removeNetwork',
  'createVolume',
  'removeVolume',
  'startInstance',
  'restoreInstance',
  'selectInstance',
  'createJob',
  'runJob',
  'execInInstance',
  'retireInstance',
  'retireInstances',
  'reviveInstance',
  'reviveInstances',
  'removeInstance',
  'removeInstances',
  'attachInstance',
  'routeTraffic',
  'configureBalancer',
  'runTest',
  'holdImages',
  'pruneReleases',
  'runCommand',
  'converse',
  'restartInstance',
] as const satisfies (keyof Activities)[];

interface Case {
  isProtected?: boolean;
  /** The action that the workflow of the activity was started for, with a statement. */
  action?: string;
  workflowId?: string;
  input?: object;
}

async function performed(
  name: keyof Activities,
  { isProtected = true, action, workflowId = 'deployment/shop/production/1', input = inputOf(name) }: Case,
): Promise<string> {
  const guard = {
    demand: ({ stack }: typeof place) => (isProtected && stack === 'shop' ? {} : undefined),
    permit: async () => {
      if (action === undefined) throw new SoftwareFault('no statement');
      return { place, action, input: {} };
    },
  } as unknown as StatementGuard;
  const run = withPermission({ [name]: async () => 'performed' } as unknown as Activities, guard)[name];
  const environment = new MockActivityEnvironment(
    { workflowExecution: { workflowId, runId: 'r' } },
    { logger: new DefaultLogger('ERROR') },
  );
  return (environment.run(run as () => Promise<string>, ...([input, {}] as never[])) as Promise<string>).catch(
    ({ message }: Error) => message,
  );
}

describe('an activity that changes a protected environment', () => {
  it.each(changing)('%s is performed for nobody without a statement', async (name) => {
    expect(await performed(name, {})).toBe('no statement');
    expect(await performed(name, { isProtected: false })).toBe('performed');
  });

  it.each(changing)('%s is not performed for whoever names another environment besides', async (name) => {
    const free = { stack: 'free', environment: 'production' };
    const input = { ...free, place: free, ...inputOf(name) };
    expect(await performed(name, { input })).toBe('no statement');
  });

  it('is performed for the deployment, the command or the removal that was stated, and for no other', async () => {
    expect(await performed('startInstance', { action: 'deployment.request' })).toBe('performed');
    expect(await performed('startInstance', { action: 'instances.exec' })).toContain('does not permit startInstance');
    expect(await performed('runCommand', { action: 'instances.exec' })).toBe('performed');
    expect(await performed('runCommand', { action: 'deployment.request' })).toContain('does not permit runCommand');
    expect(await performed('removeVolume', { action: 'volumes.delete' })).toBe('performed');
    expect(await performed('removeVolume', { action: 'secrets.write' })).toContain('does not permit removeVolume');
    expect(await performed('passResealed', { action: 'secrets.write' })).toBe('performed');
  });

  it('is performed for the environment itself only where the watch needs it', async () => {
    const workflowId = 'environment/shop/production';
    expect(await performed('restartInstance', { workflowId })).toBe('performed');
    expect(await performed('restartInstance', { workflowId: 'environment/shop/staging' })).toBe('no statement');
    expect(await performed('startInstance', { workflowId })).toBe('no statement');
  });

  it.each(['observe', 'readLogs', 'describeInstances'] as const)('%s reads, for everybody', async (name) => {
    expect(await performed(name, {})).toBe('performed');
  });
});
