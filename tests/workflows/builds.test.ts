import { Client, Connection } from '@temporalio/client';
import { environmentId } from '../../src/workflows/messages';
import { anotherBuild, BuildEngines, slowStack } from '../support/builds';
import { address } from '../support/engine';
import { eventually } from '../support/eventually';
import { notesOf } from '../support/events';

describe('two builds of the engine', () => {
  const engines = new BuildEngines('builds');
  let temporal: Client;
  beforeAll(
    async () =>
      void (temporal = new Client({
        connection: await Connection.connect({ address: address() }),
        namespace: 'builds',
      })),
  );
  afterAll(async () => {
    await engines.close();
    await temporal.connection.close();
  });
  const buildOf = async (workflowId: string) =>
    (await temporal.workflow.getHandle(workflowId).describe()).raw.workflowExecutionInfo?.versioningInfo
      ?.deploymentVersion?.buildId;

  it('run side by side: deployments end on the build they began on, new ones begin on the promoted one', async () => {
    const { client } = await engines.start('one');
    await eventually(async () => expect(await client.builds.current()).toBe('one'));
    engines.host.unhealthy = { app: 'not yet' };
    const stack = slowStack();
    const running = await client.deploy(stack);
    await eventually(async () => expect((await running.progress()).status).toBe('deploying'));

    await engines.start('two', anotherBuild());
    expect(await client.builds.current()).toBe('one');
    await expect(client.builds.promote('three')).rejects.toThrow('no worker runs the build "three"; available:');
    await eventually(() => client.builds.promote('two'));
    const later = await client.deploy(slowStack());
    await eventually(async () => expect((await later.progress()).status).toBe('deploying'));
    engines.host.unhealthy = {};
    expect([(await running.result()).outcome, (await later.result()).outcome]).toEqual(['succeeded', 'succeeded']);
    expect([await buildOf(running.id), await buildOf(later.id)]).toEqual(['one', 'two']);
    expect(notesOf((await later.progress()).events)).toContain('planned by the new build');

    await (await client.deploy(slowStack(stack.name, '2'))).result();
    expect(await buildOf(environmentId({ stack: stack.name, environment: 'test' }))).toBe('two');
  });
});
