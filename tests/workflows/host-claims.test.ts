import type { Stack } from '../../src/config';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { hostId, hostQuery } from '../../src/workflows/messages';
import { Client, Connection } from '@temporalio/client';
import { address, startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { stackOf, uniqueName } from '../support/stack';

type Data = Record<string, unknown>;

describe('a host that several stacks take at once', () => {
  const host = new MemoryHost();
  let engine: TestEngine;
  let temporal: Client;
  beforeAll(async () => {
    engine = await startEngine('claims', { runtimes: { memory: createMemoryRuntime(host) } });
    temporal = new Client({ namespace: 'claims', connection: await Connection.connect({ address: address() }) });
  });
  afterAll(async () => {
    await temporal.connection.close();
    await engine.close();
  });
  beforeEach(() => {
    host.faults = [];
  });

  const stack = (service: Data, more: Data = {}, name = uniqueName('claims')): Stack =>
    stackOf({
      name,
      environment: 'test',
      infrastructure: { container_runtime: 'Memory', port_range: '20000-20999' },
      services: { web: { image: 'web:1', ...service } },
      ...more,
    });
  const ask = async (of: Stack, options = {}) => (await engine.client.deploy(of, options)).result();
  /** Two stacks with that service: neither creates anything until one of them has ended. */
  const bothAtOnce = async (service: Data) => {
    const letGo = host.holdBack('create');
    const asked = [ask(stack(service)), ask(stack(service))];
    await Promise.race(asked);
    letGo();
    return Promise.all(asked);
  };
  const owner = () => temporal.workflow.getHandle(hostId({ runtime: 'memory' })).query(hostQuery);

  it('gives no port to two of them, though none is seen to be taken yet', async () => {
    const letGo = host.holdBack('create');
    const asked = Array.from({ length: 6 }, () => ask(stack({ replicas: 3, ports: ['8080'] })));
    await eventually(async () => expect((await owner()).claims).toHaveLength(6));
    letGo();
    const results = await Promise.all(asked);
    expect(results.map(({ outcome }) => outcome)).toEqual(Array(6).fill('succeeded'));
    const ports = [...host.instances.values()].flatMap(({ spec }) => spec.ports.map((port) => port.host));
    expect(ports).toHaveLength(18);
    expect(new Set(ports).size).toBe(18);
    await eventually(async () => expect((await owner()).claims).toEqual([]));
  });

  it('says who takes a port, or the room, that another one wants', async () => {
    const results = await bothAtOnce({ ports: ['7070:80'] });
    expect(results.map(({ outcome }) => outcome).sort()).toEqual(['refused', 'succeeded']);
    expect(results.find(({ outcome }) => outcome === 'refused')!.refusals[0]!.message).toMatch(
      /^host port 7070 is in use by deployment 1 of claims-.*\/test/,
    );

    host.total = { ...host.total, cpus: 10 };
    const large = await bothAtOnce({ resources: { cpus: 6 } });
    host.total = { ...host.total, cpus: 10_000 };
    expect(large.map(({ outcome }) => outcome).sort()).toEqual(['refused', 'succeeded']);
  });

  it('holds nothing for a deployment that is gone', async () => {
    const letGo = host.holdBack('create');
    const lost = await engine.client.deploy(stack({ ports: ['7171:80'] }));
    await eventually(async () => expect((await owner()).claims).toHaveLength(1));
    await temporal.workflow.getHandle(lost.id).terminate('lost');
    letGo();
    expect(await ask(stack({ ports: ['7272:80'] }))).toMatchObject({ outcome: 'succeeded' });
    expect((await owner()).claims.map(({ workflowId }) => workflowId)).not.toContain(lost.id);
  });

  it('that fails deployment after deployment is not waited for any more, until one fares well', async () => {
    const settings = {
      deployment: { platform_timeout: '1s', circuit_breaker_threshold: 2, circuit_breaker_recovery: '10m' },
    };
    const name = uniqueName('breaker');
    const failing = () => stack({}, settings, name);
    expect(await ask(failing())).toMatchObject({ outcome: 'succeeded' });
    host.faults = [
      { operation: 'observe', service: name, kind: 'platform', message: 'the engine is away', times: 1000 },
    ];
    for (let round = 0; round < 2; round += 1)
      expect(await ask(failing())).toMatchObject({ outcome: 'refused', cause: { message: 'the engine is away' } });
    await eventually(async () =>
      expect((await owner()).breaker).toMatchObject({
        failures: 2,
        trouble: 'the engine is away',
        openedAt: expect.any(Number),
      }),
    );
    const refused = await ask(failing());
    expect(refused).toMatchObject({
      outcome: 'refused',
      cause: {
        message: expect.stringContaining(
          'the engine is away; the circuit breaker of the host is open: 2 deployments in a row failed because of it',
        ),
      },
    });
    host.faults = [];
    expect(await ask(stack({ command: ['other'] }, settings, name))).toMatchObject({ outcome: 'succeeded' });
    await eventually(async () => expect((await owner()).breaker).toBeUndefined());
  });
});
