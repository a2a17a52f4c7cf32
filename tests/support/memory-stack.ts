import type { Stack } from '../../src/config';
import { stackOf, uniqueName } from './stack';

type Data = Record<string, unknown>;

/** A stack on the memory runtime. */
export function memoryStack(services: Data, more: Data = {}): Stack {
  return stackOf({
    name: uniqueName('memory'),
    environment: 'test',
    infrastructure: { container_runtime: 'Memory' },
    services,
    ...more,
  });
}

const checked = { health_check: { command: ['check'], interval: '100ms', retries: 2 } };

/** web -> api -> database, and a job between api and database. */
export function shop(
  images: { database?: string; migrate?: string; api?: string; web?: string } = {},
  more: Data = {},
  name?: string,
): Stack {
  const { database = 'database:1', migrate = 'migrate:1', api = 'api:1', web = 'web:1' } = images;
  const stack = memoryStack(
    {
      database: { image: database, volumes: ['data:/data'], ...checked },
      migrate: {
        image: migrate,
        kind: 'job',
        depends_on: { database: 'healthy' },
        ...(more.migrate as Data | undefined),
      },
      api: { image: api, replicas: 2, depends_on: { migrate: 'completed' }, ...checked },
      web: { image: web, depends_on: { api: 'healthy' }, ...checked },
    },
    { volumes: { data: {} }, ...without(more, 'migrate') },
  );
  return name ? { ...stack, name } : stack;
}

function without(data: Data, key: string): Data {
  return Object.fromEntries(Object.entries(data).filter(([each]) => each !== key));
}
