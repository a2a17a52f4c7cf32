import { Pool } from 'pg';
import type Docker from 'dockerode';
import { Seal } from '../../src/activities/audit/seal';
import { AuditDatabase } from '../../src/activities/audit/trail-table';
import { createMemoryRuntime } from '../../src/runtimes/memory';
import { freePort } from '../../src/guard/free-port';
import { docker } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { memoryStack } from '../support/memory-stack';
import { describeWith } from '../support/parts';

describeWith('docker', 'an audit trail in PostgreSQL', () => {
  let container: Docker.Container | undefined;
  let engine: TestEngine;
  let owner: Pool;
  let url = '';
  const secret = 'pw-90210';
  beforeAll(async () => {
    const port = await freePort();
    container = await docker.createContainer({
      Image: 'postgres:15',
      Env: [`POSTGRES_PASSWORD=${secret}`],
      HostConfig: { PortBindings: { '5432/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] } },
    });
    await container.start();
    owner = new Pool({ connectionString: `postgresql://postgres:${secret}@127.0.0.1:${port}/postgres` });
    owner.on('error', () => undefined);
    await eventually(async () => void (await owner.query('SELECT 1')), 60_000);
    url = `postgresql://postgres:${secret}@127.0.0.1:${port}/postgres`;
    engine = await startEngine('audit-database', { runtimes: { memory: createMemoryRuntime() }, auditDatabase: url });
  });
  afterAll(async () => {
    await engine.close();
    await owner.end();
    await container?.remove({ force: true, v: true });
  });

  it('has every request, and shows what was changed or removed behind its back', async () => {
    const stack = memoryStack({ api: { image: 'api:1' } });
    const place = { stack: stack.name, environment: 'test' };
    await (await engine.client.deploy(stack, { requestedBy: 'ana', reason: 'SHOP-1' })).result();
    await (await engine.client.restart(place, ['api'], { requestedBy: 'ben' })).result();
    await eventually(async () =>
      expect((await engine.client.environment(place))?.audit).toMatchObject({ sequence: 2, place: 'database' }),
    );
    const { records, total, broken } = await engine.client.audit(stack);
    expect({ total, broken, lines: records.map(({ by, what, why }) => [by, what, why]) }).toEqual({
      total: 2,
      broken: undefined,
      lines: [
        ['ana', 'deploy', 'SHOP-1'],
        ['ben', 'restart api release 1', undefined],
      ],
    });

    await owner.query(
      'UPDATE deploy_code_audit SET record = replace(record, \'"ana"\', \'"eve"\') WHERE stack = $1 AND sequence = 1',
      [stack.name],
    );
    expect(await engine.client.audit(stack)).toMatchObject({ broken: 'record 1 or the one before it was changed' });
    await owner.query('DELETE FROM deploy_code_audit WHERE stack = $1', [stack.name]);
    expect(await engine.client.audit(stack)).toMatchObject({
      broken: 'the trail has 0 records, but the environment remembers 2: the last ones are missing',
    });
  });

  it('holds each entry once, in one chain, whoever writes; its user needs to insert and to read, no more', async () => {
    await owner.query("CREATE ROLE audit LOGIN PASSWORD 'least'; GRANT SELECT, INSERT ON deploy_code_audit TO audit");
    const least = url.replace(`postgres:${secret}`, 'audit:least');
    const mark = (hash: string) => new Seal(Buffer.from('key')).mark('many/test', hash);
    const databases = [new AuditDatabase(least), new AuditDatabase(least)];
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        databases[index % 2]!.trailOf('many', 'test', mark).append({
          id: `e${index % 10}`,
          at: 1,
          by: 'ana',
          what: 'deploy',
          result: 'succeeded',
        }),
      ),
    );
    const records = await databases[0]!.trailOf('many', 'test', mark).read();
    expect(records.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(new Set(records.map(({ id }) => id)).size).toBe(10);
    await Promise.all(databases.map((database) => database.close()));
  });

  it('is waited for while the database is away: nothing is done that cannot be recorded', async () => {
    const stack = memoryStack({ api: { image: 'api:1' } });
    await container!.stop({ t: 5 });
    const deployed = await engine.client.deploy(stack);
    await eventually(async () =>
      expect(JSON.stringify(await deployed.progress())).toContain('the audit trail cannot be written'),
    );
    await container!.start();
    expect(await deployed.result()).toMatchObject({ outcome: 'succeeded' });
    await eventually(async () => expect((await engine.client.audit(stack)).total).toBe(1), 60_000);
  });
});
