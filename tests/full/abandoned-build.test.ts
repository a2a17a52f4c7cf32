import { anotherBuild, BuildEngines, slowStack } from '../support/builds';
import { eventually } from '../support/eventually';

describe('a build that ends before its deployments', () => {
  const engines = new BuildEngines('abandoned');
  afterAll(() => engines.close());

  it('leaves them standing still, named, until they are adopted', async () => {
    const old = await engines.start('old');
    await eventually(() => old.client.builds.promote('old'));
    engines.host.unhealthy = { app: 'not yet' };
    const { id } = await old.client.deploy(slowStack());
    await eventually(async () => expect((await old.client.handle(id).progress()).status).toBe('deploying'));
    const { client } = await engines.start('new', anotherBuild());
    await eventually(() => client.builds.promote('new'));
    expect(await client.builds.missing(id)).toBeUndefined();
    await engines.stop(old);
    engines.host.unhealthy = {};
    await eventually(async () => expect(await client.builds.missing(id)).toBe('old'), 90_000);
    await client.builds.adopt(id);
    expect(await client.handle(id).result()).toMatchObject({ outcome: 'succeeded' });
    expect(await client.builds.missing(id)).toBeUndefined();
  });
});
