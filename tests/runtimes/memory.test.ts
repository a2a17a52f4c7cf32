import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { contract, spec, testScope } from './contract';

describe('the memory runtime', () => {
  const host = new MemoryHost();
  const driver = createMemoryRuntime(host);
  const runtime = driver.within(testScope);
  contract(() => ({
    driver,
    running: (name, more) => spec(name, { image: 'app', ...more }),
    exiting: (name, code) => {
      host.exits[`exit-${code}`] = code;
      return spec(name, { image: `exit-${code}` });
    },
  }));

  it('fails on demand, and only as often as asked', async () => {
    host.faults = [{ operation: 'create', service: 'faulty', kind: 'platform', message: 'away', times: 1 }];
    const instance = spec('faulty', { image: 'app' });
    await expect(runtime.create(instance)).rejects.toThrow('away');
    await runtime.create(instance);
    expect(await runtime.inspect(instance.name)).toMatchObject({ state: 'created' });
  });
});
