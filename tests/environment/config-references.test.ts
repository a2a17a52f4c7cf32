import type { InstanceSpec } from '../../src/model/instance';
import { ConfigReferences } from '../../src/workflows/deployment/steps/config-references';

const target = { path: '/etc/app.conf', mode: 0o444 };
const large = 'x'.repeat(5000);
const instance = (content: string) => ({ name: 'web-1', files: [{ ...target, content }] }) as InstanceSpec;

it('names a config of the deployment instead of repeating its content', () => {
  expect(new ConfigReferences({ app: { content: large } }).of(instance(large)).files).toEqual([
    { ...target, config: 'app' },
  ]);
});

it.each([
  ['is short', 'short'],
  ['the deployment was not started with', `${large}, of another release`],
])('a content that %s travels with the instance', (_, content) => {
  expect(
    new ConfigReferences({ app: { content: large }, other: { content: 'short' } }).of(instance(content)).files,
  ).toEqual([{ ...target, content }]);
});
