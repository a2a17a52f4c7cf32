import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Stack } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { startEngine, type TestEngine } from './engine';
import { eventually } from './eventually';
import { memoryStack } from './memory-stack';
import type { Namespace } from './namespaces';

/** Another build of the engine: one that says more when it plans. */
export function anotherBuild(): string {
  const bundle = join(mkdtempSync(join(tmpdir(), 'deploy-code-build-')), 'workflow-bundle.js');
  const text = readFileSync(resolve('dist/workflow-bundle.js'), 'utf8');
  const changed = text.replace(
    "become('planning')",
    "note('planned by the new build');this.context.log.become('planning')",
  );
  if (changed === text) throw new Error('the bundle has no place to change');
  writeFileSync(bundle, changed);
  return bundle;
}

/** Workers of several builds, that share a host. */
export class BuildEngines {
  readonly host = new MemoryHost();
  private readonly runtimes = { memory: createMemoryRuntime(this.host) };
  private readonly engines = new Set<TestEngine>();

  constructor(private readonly namespace: Namespace) {}

  async start(buildId: string, workflowBundle?: string): Promise<TestEngine> {
    const engine = await startEngine(this.namespace, { runtimes: this.runtimes, buildId, workflowBundle });
    this.engines.add(engine);
    await eventually(async () =>
      expect(await engine.client.builds.list()).toContainEqual(expect.objectContaining({ id: buildId, workers: 1 })),
    );
    return engine;
  }

  async stop(engine: TestEngine): Promise<void> {
    this.engines.delete(engine);
    await engine.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.engines].map((engine) => engine.close()));
  }
}

/** A stack that deploys as long as its application is unhealthy. */
export function slowStack(name?: string, version = '1'): Stack {
  const made = memoryStack(
    { app: { image: `app:${version}`, health_check: { command: ['check'], interval: '50ms', start_period: '10m' } } },
    { deployment: { timeout_seconds: 600 } },
  );
  return name === undefined ? made : { ...made, name };
}
