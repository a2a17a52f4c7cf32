import type { DeploymentHandle } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import type { TestEngine } from '../support/engine';
import { shop } from '../support/memory-stack';

/** What recorded histories show. Each resolves with the workflow ids to record, by file name. */
export const host = new MemoryHost();
export const runtime = createMemoryRuntime(host);

export async function scenarios({ client }: TestEngine): Promise<Record<string, string>> {
  const name = 'recorded';
  const place = { stack: name, environment: 'test' };
  const run = async (handle: DeploymentHandle) => {
    await handle.result();
    return handle.id;
  };
  const first = await run(await client.deploy(shop({}, {}, name)));
  const unchanged = await run(await client.deploy(shop({}, {}, name)));
  const replaced = await run(await client.deploy(shop({ api: 'api:2', migrate: 'migrate:2' }, {}, name)));
  host.exits['web:broken'] = 1;
  const rolledBack = await run(
    await client.deploy(shop({ api: 'api:3', migrate: 'migrate:3', web: 'web:broken' }, {}, name)),
  );
  host.faults = [{ operation: 'start', service: 'web', kind: 'platform', message: 'away', times: 1 }];
  const trouble = await run(await client.deploy(shop({ api: 'api:2', migrate: 'migrate:3', web: 'web:2' }, {}, name)));
  const back = await run(await client.rollback(place, { to: 1 }));
  const stopped = await run(await client.stop(shop({}, {}, name)));
  return {
    'deployment-first': first,
    'deployment-unchanged': unchanged,
    'deployment-replaced': replaced,
    'deployment-rolled-back': rolledBack,
    'deployment-platform-trouble': trouble,
    'deployment-rollback': back,
    'deployment-stop': stopped,
    environment: `environment/${name}/test`,
    release: `release/${name}/test/1`,
  };
}
