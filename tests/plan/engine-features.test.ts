import { asksOfEngine } from '../../src/plan/resources/engine-features';
import { emptyObservation, plan } from '../support/observation';
import { stackOf } from '../support/stack';

const stackWith = (service: object) =>
  stackOf({ name: 'shop', volumes: { data: {} }, services: { api: { image: 'a:1', ...service } } });
const refusalsOf = (service: object, api?: string) => {
  const stack = stackWith(service);
  return plan(stack, { ...emptyObservation(stack), ...(api !== undefined && { api }) }).refusals;
};
const image = { type: 'image', source: 'acme/data:1', target: '/data' };
const forced = { recursive: 'readonly', propagation: 'rprivate' };

describe('what an older Docker Engine lacks', () => {
  it.each([
    ['a mount of an image', { volumes: [image] }, '1.47', '1.48', 28, 'volumes.0'],
    [
      'recursive: readonly',
      { volumes: ['data:/data', { source: '/srv', target: '/srv', read_only: true, bind: forced }] },
      '1.43',
      '1.44',
      25,
      'volumes.1',
    ],
    [
      'subpath of a volume',
      { volumes: [{ source: 'data', target: '/data', volume: { subpath: 'a' } }] },
      '1.44',
      '1.45',
      26,
      'volumes.0',
    ],
    ['the CDI device vendor.com/class=a', { devices: ['vendor.com/class=a'] }, '1.9', '1.44', 25, 'devices'],
  ])('is refused before anything starts: %s', (name, service, old, least, docker, key) => {
    expect(refusalsOf(service, old)).toEqual([
      {
        path: `services.api.${key}`,
        message:
          `${name} needs Docker ${docker} (API ${least}), and ${emptyObservation(stackWith({})).capacity.host} has ` +
          `API ${old}; upgrade the engine, or remove it`,
      },
    ]);
    for (const fits of [least, '2.0']) expect(refusalsOf(service, fits)).toEqual([]);
    expect(asksOfEngine(stackWith(service))).toBe(true);
  });

  it('is not asked for by other services', () => {
    const bind = { recursive: 'disabled' };
    const service = { volumes: ['data:/data', { source: '/srv', target: '/srv', bind }], devices: ['/dev/null'] };
    expect(asksOfEngine(stackWith(service))).toBe(false);
    expect(refusalsOf(service, '1.41')).toEqual([]);
  });
});

it('an image that is mounted is pulled as those of services are, and its content counts', () => {
  const stack = stackWith({ volumes: [image] });
  const observation = emptyObservation(stack);
  expect(plan(stack, observation).plan.pulls.map((step) => step.image.reference)).toEqual(['acme/data:1']);
  const mountsOf = (id: string) => {
    const images = ['a:1', 'acme/data:1'].map((reference) => ({
      reference,
      id: reference === 'a:1' ? 'sha256:a' : id,
    }));
    const { phases } = plan(stack, { ...observation, images }).plan;
    const [step] = phases[0]!.services[0]!.stages.flat(2);
    return step?.kind === 'start' ? step.instance : undefined;
  };
  expect(mountsOf('sha256:one')!.mounts).toEqual([
    { type: 'image', image: 'sha256:one', target: '/data', readOnly: false },
  ]);
  expect(mountsOf('sha256:one')!.hash).not.toBe(mountsOf('sha256:two')!.hash);
});
