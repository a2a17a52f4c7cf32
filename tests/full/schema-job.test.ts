import type { Stack } from '../../src/config';
import { docker, dockerStack, healthy, wipe } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { images } from '../support/image';
import { describeWith } from '../support/parts';

const database = 'postgres:15';

/** The example of docs/rollback.md, with statements that fail if they run twice. */
describeWith('docker', 'a job that changes the schema of a PostgreSQL', () => {
  let engine: TestEngine;
  let name: string | undefined;
  beforeAll(async () => {
    engine = await startEngine('schema-job');
    const pulled = await docker
      .getImage(database)
      .inspect()
      .catch(() => docker.pull(database));
    if ('pipe' in pulled) await new Promise((resolve) => docker.modem.followProgress(pulled as never, resolve));
  });
  afterAll(async () => {
    if (name !== undefined) await wipe(name);
    await engine.close();
  });

  const stackOf = (migration: string, image: string): Stack => {
    const stack = dockerStack({
      postgres: {
        image: database,
        environment: { POSTGRES_HOST_AUTH_METHOD: 'trust' },
        tmpfs: ['/var/lib/postgresql/data'],
        health_check: { command: ['pg_isready', '-h', '127.0.0.1', '-U', 'postgres'], interval: '500ms', retries: 60 },
        stop_grace_period: '10s',
      },
      migrate: {
        kind: 'job',
        image: database,
        command: ['psql', '-h', 'postgres', '-U', 'postgres', '-v', 'ON_ERROR_STOP=1', '-c', migration],
        tmpfs: ['/var/lib/postgresql/data'],
        depends_on: { postgres: 'healthy' },
      },
      web: { image, ...healthy, depends_on: { migrate: 'completed' } },
    });
    name ??= stack.name;
    return { ...stack, name };
  };
  const deploy = async (migration: string, image: string) =>
    (await engine.client.deploy(stackOf(migration, image))).result();
  const columns = async () => {
    const query = "select column_name from information_schema.columns where table_name = 'orders' order by 1";
    const command = ['psql', '-U', 'postgres', '-Atc', query];
    const { output } = await engine.client.exec(stackOf('', images.app), `${name}-test-postgres-1-d1`, command);
    return output.trim().split('\n');
  };

  it('runs once, though its deployment fails, the file before is deployed again, and then its own', async () => {
    const table = 'create table orders (item text)';
    const price = 'alter table orders add price numeric';
    expect(await deploy(table, images.app)).toMatchObject({ outcome: 'succeeded', release: 1 });
    expect(await deploy(price, images.broken)).toMatchObject({
      outcome: 'rolled_back',
      notUndone: [`migrate (${database}) ran and stays applied`],
    });
    expect(await columns()).toEqual(['item', 'price']);
    expect(await deploy(table, images.app)).toMatchObject({ outcome: 'unchanged' });
    expect(await deploy(table, images.next)).toMatchObject({ outcome: 'succeeded', changed: ['web'] });
    expect(await deploy(price, images.app)).toMatchObject({ outcome: 'succeeded', changed: ['web'] });
    expect(await deploy('alter table orders add note text', images.app)).toMatchObject({ outcome: 'succeeded' });
    expect(await columns()).toEqual(['item', 'note', 'price']);
    expect(await deploy(price, images.app)).toMatchObject({
      outcome: 'rolled_back',
      cause: { service: 'migrate', message: expect.stringContaining('migrate exited 1') },
    });
  });
});
