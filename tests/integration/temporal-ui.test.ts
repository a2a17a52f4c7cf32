import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileSync, existsSync } from 'node:fs';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { startEngine } from '../support/engine';
import { stackOf } from '../support/stack';

it('explore', async () => {
  const host = new MemoryHost();
  host.callMs = 40;
  const engine = await startEngine('ui', { runtimes: { memory: createMemoryRuntime(host) } });
  const checked = { health_check: { command: ['check'], interval: '100ms', retries: 2 } };
  const stack = (environment: string, web = 'web:1') => stackOf({ name: 'shop', environment, infrastructure: { container_runtime: 'Memory' }, volumes: { data: {} }, services: {
    database: { image: 'database:1', volumes: ['data:/data'], ...checked },
    cache: { image: 'cache:1', ...checked },
    migrate: { image: 'migrate:1', kind: 'job', depends_on: { database: 'healthy' } },
    api: { image: 'api:1', replicas: 2, depends_on: { migrate: 'completed', cache: 'healthy' }, ...checked },
    search: { image: 'search:1', depends_on: { database: 'healthy' }, ...checked },
    web: { image: web, depends_on: { api: 'healthy', search: 'healthy' }, ...checked },
  } });
  const out: unknown[] = [];
  const many = stackOf({ name: 'many', environment: 'production', infrastructure: { container_runtime: 'Memory' }, services: Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`service-${i}`, { image: 'service:1', ...checked, ...(i >= 10 ? { depends_on: { [`service-${i - 10}`]: 'healthy' } } : {}) }])) });
  const go = async (s: ReturnType<typeof stack>, wait = true) => { const h = await engine.client.deploy(s); out.push([h.id, wait && await h.result()]); };
  await go(many);
  host.held.add('migrate:1');
  await go(stack('running'), false);
  await sleep(3000);
  host.total.cpus = 1;
  await go(stackOf({ name: 'refused', environment: 'production', infrastructure: { container_runtime: 'Memory' }, services: { big: { image: 'big:1', resources: { reserve: { cpus: 20_000 } } } } }));
  writeFileSync('/tmp/explore.json', JSON.stringify([process.env.DEPLOY_CODE_TEST_TEMPORAL_UI, out], null, 1));
  for (let i = 0; i < 3000 && !existsSync('/tmp/explore.stop'); i++) await sleep(1000);
  await engine.close();
}, 4_000_000);
