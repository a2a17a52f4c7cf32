import type { OutsideContainer } from '../../src/model/observation';
import { emptyObservation, plan } from '../support/observation';
import { stackOf } from '../support/stack';

const running = { name: 'vpn', isRunning: true, sharesMemory: true };

describe('a container outside the stack whose namespaces a service joins', () => {
  const refusals = (keys: object, outside: OutsideContainer[], more: Parameters<typeof plan>[2] = {}) => {
    const stack = stackOf({ name: 'shop', services: { web: { image: 'a', ...keys }, api: { image: 'b' } } });
    return plan(stack, { ...emptyObservation(stack), outside }, more).refusals;
  };
  const network = { network_mode: 'container:vpn' };

  it('is fine while it runs, and is named by the plan', () => {
    expect(refusals({ ...network, ipc: 'container:vpn', pid: 'container:vpn' }, [running])).toEqual([]);
    const stack = stackOf({ name: 'shop', services: { web: { image: 'a', ...network } } });
    const { plan: made } = plan(stack, { ...emptyObservation(stack), outside: [running] });
    expect(made.phases[0]!.services[0]!.notes).toEqual([
      'joins the network of the container vpn: never beside its old instance',
    ]);
  });

  it.each<[string, object, OutsideContainer[], string, string]>([
    ['is not there', network, [], 'network_mode', 'there is no container "vpn" on docker://test; start it first'],
    ['has stopped', network, [{ ...running, isRunning: false }], 'network_mode', 'the container vpn does not run'],
    [
      'keeps its memory to itself',
      { ipc: 'container:vpn' },
      [{ ...running, sharesMemory: false }],
      'ipc',
      'the container vpn keeps its shared memory to itself; create it with --ipc shareable',
    ],
    [
      'is of this environment',
      { pid: 'container:vpn' },
      [{ ...running, owner: 'shop/production' }],
      'pid',
      'the container vpn is an instance of this stack; write service:NAME',
    ],
    [
      'is of another one',
      { pid: 'container:vpn' },
      [{ ...running, owner: 'shop/staging' }],
      'pid',
      'belongs to shop/staging: an environment cannot join the namespaces of another one',
    ],
  ])('refuses the plan if it %s', (_, keys, outside, key, message) => {
    expect(refusals(keys, outside)).toEqual([
      { path: `services.web.${key}`, message: expect.stringContaining(message) },
    ]);
  });

  it('is not asked about by a deployment of other services, nor by a stop', () => {
    expect(refusals(network, [], { intent: { kind: 'deploy', services: ['api'], force: false } })).toEqual([]);
    expect(refusals(network, [], { intent: { kind: 'stop', force: false } })).toEqual([]);
  });
});
