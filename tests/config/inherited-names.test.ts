import { loadStack, StackFileError } from '../../src/config';
import { writeStack } from '../support/stack';

const problems = (service: string, more = ''): string[] => {
  const text =
    'name: shop\nservices:\n  web: {image: "web:1", expose: {port: 8080, host_port: 8081}, health_check: ' +
    `{http: ":8080/"}, strategy: {rolling: {}}}\n  app: {image: "app:1", ${service}}\n${more}`;
  try {
    loadStack({ file: writeStack(text), shell: {} });
  } catch (error) {
    if (error instanceof StackFileError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
};

describe.each(['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf'])(
  'a name that every object of JavaScript has, %s,',
  (name) => {
    it.each([
      `depends_on: [${name}]`,
      `depends_on: {"${name}": started}`,
      `networks: [${name}]`,
      `volumes: ["${name}:/data"]`,
      `secrets: [${name}]`,
      `secrets: [{source: ${name}, environment: X}]`,
      `configs: {"${name}": /c}`,
      `host: ${name}`,
      `zone: ${name}`,
    ])('stands for nothing where a service names it: %s', (service) => {
      expect(problems(service)).not.toEqual([]);
    });

    it.each([
      `schedules: {nightly: {cron: "@daily", services: ["${name}"]}}`,
      `subscribers: {ops: {slack: {url: ${name}}}}`,
      `subscribers: {ops: {webhook: {url: "https://example.com/", key: ${name}}}}`,
      `secrets: {"${name}": {file: /x}}`,
      `volumes: {"${name}": {}}`,
      `networks: {"${name}": {}}`,
      `configs: {"${name}": {content: x}}`,
      `schedules: {"${name}": {cron: "@daily"}}`,
      `subscribers: {"${name}": {webhook: {url: "https://example.com/"}}}`,
    ])('stands for nothing elsewhere: %s', (more) => {
      expect(problems('restart: always', more)).not.toEqual([]);
    });
  },
);
