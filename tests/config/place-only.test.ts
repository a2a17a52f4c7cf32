import { loadStack, StackFileError } from '../../src/config';
import { writeStack } from '../support/stack';

/** The stack as commands read it that only ask about what runs. */
const load = (text: string, shell = {}) => loadStack({ file: writeStack(text), shell, placeOnly: true });

describe('a stack file of which only the place is wanted', () => {
  it('is read without the variables of its services, wherever these stand', () => {
    const { stack } = load(`name: shop
environment: test
services:
  web: {image: "nginx:\${TAG}", ports: ["\${PORT}:80"], replicas: "\${COUNT}"}
  api: {image: "app:1", depends_on: [web]}
`);
    expect([stack.name, stack.environment, Object.keys(stack.services)]).toEqual(['shop', 'test', ['web', 'api']]);
  });

  it('needs the variables that the place itself is made of', () => {
    const text = 'name: "shop-${REGION}"\nenvironment: test\nservices: {web: {image: "nginx:1"}}\n';
    expect(load(text, { REGION: 'eu' }).stack.name).toBe('shop-eu');
    expect(() => load(text)).toThrow(StackFileError);
    expect(() => load(text)).toThrow(/1:1 name: the variable REGION is not set/);
  });

  it('never means another environment or runtime for want of a variable', () => {
    const text = (key: string) => `name: shop\n${key}\nservices: {web: {image: "nginx:1"}}\n`;
    expect(() => load(text('environment: "${REGION}"'))).toThrow(/2:1 environment: the variable REGION is not set/);
    expect(() => load(text('infrastructure: {orchestrator: "${KIND}"}'))).toThrow(/the variable KIND is not set/);
    const named = loadStack({ file: writeStack(text('environment: "${REGION}"')), environment: 'eu', placeOnly: true });
    expect(named.stack.environment).toBe('eu');
  });

  it('is refused for what is wrong apart from that', () => {
    expect(() => load('name: shop\nservices: {web: {image: "nginx:${TAG}", prots: []}}\n')).toThrow(
      /did you mean "ports"/,
    );
  });
});
