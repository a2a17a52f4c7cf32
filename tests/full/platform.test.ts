import { loadStack } from '../../src/config';
import { startEngine, type TestEngine } from '../support/engine';
import { docker, dockerStack, isMiscounted, states, wipe } from '../support/docker-world';
import { describeWith } from '../support/parts';

describeWith('docker', 'the CODE platform', () => {
  let engine: TestEngine;
  const { stack } = loadStack({ file: 'configs/deploy-code-test.yaml', shell: {} });
  beforeAll(async () => void (engine = await startEngine('platform')));
  afterAll(async () => {
    await wipe(stack.name);
    await engine.close();
  });

  it('comes up whole, in the phases of the real one', async () => {
    const real = loadStack({ file: 'configs/deploy-code.yaml', shell: {} }).stack;
    expect(Object.keys(stack.services)).toEqual(Object.keys(real.services));
    const result = await (await engine.client.deploy(stack)).result();
    expect(result).toMatchObject({ outcome: 'succeeded', tolerated: [] });
    const running = (await states(stack.name)).filter((line) => line.endsWith('running'));
    expect(running.length).toBeGreaterThanOrEqual(60);
  });

  it('is stopped again, layer by layer', async () => {
    const { outcome, leftBehind } = await (await engine.client.stop(stack)).result();
    expect({ outcome, leftBehind: leftBehind.filter((left) => !isMiscounted(left)) }).toEqual({
      outcome: 'succeeded',
      leftBehind: [],
    });
    expect(await states(stack.name)).toEqual([]);
  });
});

describeWith('docker', 'real software', () => {
  let engine: TestEngine;
  const used = new Set<string>();
  beforeAll(async () => void (engine = await startEngine('imports')));
  afterAll(async () => {
    for (const name of used) await wipe(name);
    await engine.close();
  });

  const present = async (...references: string[]) =>
    (
      await Promise.all(
        references.map((reference) =>
          docker
            .getImage(reference)
            .inspect()
            .then(
              () => true,
              () =>
                docker.pull(reference).then(
                  () => true,
                  () => false,
                ),
            ),
        ),
      )
    ).every(Boolean);

  it('PostgreSQL, Redis and NGINX come up together where their images are there or can be pulled', async () => {
    const nginx = (await present('nginx:1.22')) ? 'nginx:1.22' : 'nginx';
    if (!(await present('postgres:15', 'redis:7', nginx)))
      return console.warn('skipped: postgres:15, redis:7 and nginx are not here and cannot be pulled');
    process.env.E2E_PASSWORD = 'e2e-password';
    const stack = dockerStack(
      {
        postgres: {
          image: 'postgres:15',
          environment: { POSTGRES_PASSWORD_FILE: '/run/secrets/password' },
          secrets: ['password'],
          volumes: ['pgdata:/var/lib/postgresql/data'],
          health_check: {
            command: ['pg_isready', '-U', 'postgres', '-h', '127.0.0.1'],
            interval: '1s',
            start_period: '60s',
          },
        },
        redis: { image: 'redis:7', health_check: { command: ['redis-cli', 'ping'], interval: '1s' } },
        migrate: {
          kind: 'job',
          image: 'postgres:15',
          command: [
            'sh',
            '-c',
            'PGPASSWORD=$(cat /run/secrets/password) psql -h postgres -U ' +
              'postgres -c "create table if not exists t (x int)"',
          ],
          secrets: ['password'],
          depends_on: { postgres: 'healthy' },
        },
        web: {
          image: nginx,
          configs: { page: '/usr/share/nginx/html/index.html' },
          ports: ['28200-28209:80'],
          depends_on: { migrate: 'completed', redis: 'healthy' },
          health_check: { http: ':80/', interval: '1s' },
        },
      },
      {
        volumes: { pgdata: {} },
        configs: { page: { content: 'hello from the release' } },
        secrets: { password: { environment: 'E2E_PASSWORD' } },
      },
    );
    used.add(stack.name);
    expect(await (await engine.client.deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    expect(await (await fetch('http://127.0.0.1:28200/')).text()).toBe('hello from the release');
    const query = await engine.client.exec(stack, `${stack.name}-test-postgres-1-d1`, [
      'psql',
      '-U',
      'postgres',
      '-Atc',
      'select count(*) from t',
    ]);
    expect(query).toEqual({ exitCode: 0, output: '0\n' });
    expect(await (await engine.client.stop(stack)).result()).toMatchObject({ outcome: 'succeeded' });
  });
});
