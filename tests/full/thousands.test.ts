import { spawn } from 'node:child_process';
import { Client, Connection } from '@temporalio/client';
import type { Stack } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { address, startEngine, type TestEngine } from '../support/engine';
import { memoryStack } from '../support/memory-stack';

/** The server ends a workflow with more. */
const limits = { events: 51_200, bytes: 50 * 1024 ** 2 };

/** Bytes: a page of a history with the start of a stack of 5,000 services. */
const largestPage = 64 * 1024 ** 2;

describe.each([1000, 5000])('a stack of %d services', (count) => {
  const host = new MemoryHost();
  let engine: TestEngine;
  let temporal: Client;
  beforeAll(async () => {
    engine = await startEngine('thousands', { runtimes: { memory: createMemoryRuntime(host) } });
    const channelArgs = { 'grpc.max_receive_message_length': largestPage };
    const connection = await Connection.connect({ address: address(), channelArgs });
    temporal = new Client({ connection, namespace: 'thousands' });
  });
  afterAll(async () => {
    await temporal.connection.close();
    await engine.close();
  });

  const services = (version: string) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => {
        const name = `service-${index}`;
        return [
          name,
          {
            image: `app:${version}`,
            environment: { NAME: name, TEXT: 'what a service has to be told, and a little more than that' },
            health_check: { command: ['check'], interval: '1s' },
            ...(index >= count / 4 && { depends_on: { [`service-${index - count / 4}`]: 'healthy' } }),
          },
        ];
      }),
    );
  const stack = (version: string, name?: string): Stack => {
    const made = memoryStack(services(version), { deployment: { max_parallel: 50, timeout_seconds: 1200 } });
    return name === undefined ? made : { ...made, name };
  };
  const size = async (id: string) => {
    const { raw } = await temporal.workflow.getHandle(id).describe();
    return {
      events: Number(raw.workflowExecutionInfo?.historyLength),
      bytes: Number(raw.workflowExecutionInfo?.historySizeBytes),
    };
  };
  /** How often a workflow's tasks did not end in time. */
  const timeouts = async (id: string) => {
    let found = 0;
    let nextPageToken: Uint8Array | undefined;
    do {
      const page = await temporal.workflowService.getWorkflowExecutionHistory({
        namespace: 'thousands',
        execution: { workflowId: id },
        maximumPageSize: 250,
        nextPageToken,
      });
      found += page.history!.events!.filter(
        ({ workflowTaskTimedOutEventAttributes }) => workflowTaskTimedOutEventAttributes,
      ).length;
      nextPageToken = page.nextPageToken ?? undefined;
    } while (nextPageToken?.length);
    return found;
  };
  const running = (image: string) =>
    [...host.instances.values()].filter(({ spec, status }) => spec.image === image && status.state === 'running')
      .length;

  it('is deployed, replaced and rolled back within the limits of a history', async () => {
    const first = stack('1');
    const sizes: unknown[] = [];
    for (const [version, outcome] of [
      ['1', 'succeeded'],
      ['2', 'succeeded'],
      ['3', 'rolled_back'],
    ] as const) {
      if (outcome === 'rolled_back')
        host.faults = [
          {
            operation: 'start',
            service: `service-${count - 1}`,
            kind: 'software',
            message: 'broken on purpose',
            times: 1,
          },
        ];
      const handle = await engine.client.deploy(stack(version, first.name));
      expect(await handle.result()).toMatchObject({ outcome, leftBehind: [] });
      const { events, bytes } = await size(handle.id);
      expect({ events: events < limits.events, bytes: bytes < limits.bytes }).toEqual({ events: true, bytes: true });
      sizes.push({ version, events, megabytes: Math.round(bytes / 1024 ** 2) });
    }
    console.log(`${count} services`, sizes);
    expect([running('app:1'), running('app:2'), running('app:3')]).toEqual([0, count, 0]);
  }, 1_200_000);

  it('is deployed while six programs take all the processor they get, and no workflow task times out', async () => {
    const programs = Array.from({ length: 6 }, () =>
      spawn(process.execPath, ['-e', 'for (;;) ;'], { stdio: 'ignore' }),
    );
    try {
      const handle = await engine.client.deploy(stack('4'));
      expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
      expect(await timeouts(handle.id)).toBe(0);
    } finally {
      for (const program of programs) program.kill('SIGKILL');
    }
  }, 1_200_000);
});
