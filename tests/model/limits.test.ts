import { excessOf, limits, packedExcess, type MeasuredStack } from '../../src/model/stack/limits';

const stack = (given: Partial<MeasuredStack>): MeasuredStack => ({
  services: {},
  configs: {},
  deployment: { maxParallel: 10 },
  ...given,
});
const services = (count: number, replicas: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${index}`, { replicas }]));
const messages = (given: Partial<MeasuredStack>) =>
  excessOf(stack(given)).map(({ path, message }) => `${path.join('.')} ${message}`);

it('a stack within the limits has nothing to say against it', () => {
  expect(
    excessOf(
      stack({
        services: services(limits.services, 1),
        configs: { a: { content: 'x'.repeat(limits.config) } },
        deployment: { maxParallel: limits.parallel },
      }),
    ),
  ).toEqual([]);
});

it.each<[string, Partial<MeasuredStack>, string]>([
  [
    'replicas of a service',
    { services: { a: { replicas: 1_000_000 } } },
    'services.a.replicas is 1,000,000; a service has at most 1,000 instances',
  ],
  [
    'replicas that are no number',
    { services: { a: { replicas: Number.NaN } } },
    'services.a.replicas is NaN; a service has at most 1,000 instances',
  ],
  [
    'instances of a stack',
    { services: services(11, 1000) },
    'services have 11,000 instances in total; a stack may have at most 10,000: split it',
  ],
  ['services', { services: services(10_001, 1) }, 'services number 10,001; a stack may have at most 10,000: split it'],
  [
    'parallel steps',
    { deployment: { maxParallel: 101 } },
    'deployment.max_parallel is 101; at most 100 steps run side by side',
  ],
  [
    'one config, counted in bytes',
    { configs: { a: { content: 'é'.repeat(limits.config / 2 + 1) } } },
    'configs.a is 1.1 MiB; a config is at most 1 MiB: put large files into an image or a volume',
  ],
  [
    'all configs',
    {
      configs: Object.fromEntries(
        Array.from({ length: 9 }, (_, index) => [`c${index}`, { content: 'x'.repeat(limits.config) }]),
      ),
    },
    'configs are 9 MiB together; at most 8 MiB: put large files into an image or a volume',
  ],
  [
    'settings of a service',
    { services: { a: { replicas: 1, variables: { A: 'x'.repeat(limits.service) } } as never } },
    'services.a has 256.1 KiB of settings; a service may have at most 256 KiB: move long values into configs',
  ],
])('too large: %s', (_, given, message) => {
  expect(messages(given)).toEqual([message]);
});

it('counts the bytes of UTF-8 as Node does', () => {
  const contentOf = (text: string) =>
    messages({ configs: { a: { content: text.repeat(Math.ceil((limits.config + 1) / Buffer.byteLength(text))) } } });
  const fitting = (text: string) =>
    messages({ configs: { a: { content: text.repeat(Math.floor(limits.config / Buffer.byteLength(text))) } } });
  for (const text of ['a', 'é', '€', '😀', 'aé€😀']) {
    expect(contentOf(text)).toHaveLength(1);
    expect(fitting(text)).toEqual([]);
  }
});

it('refuses a stack that does not fit into a message of Temporal', () => {
  expect(packedExcess(limits.packed)).toEqual([]);
  expect(packedExcess(limits.packed + 1)[0]!.message).toMatch(
    /^the stack is 1\.6 MiB compressed; the limit is 1\.5 MiB: move large configs/,
  );
});
