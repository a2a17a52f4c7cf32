import { parse } from 'yaml';
import { loadStack } from '../../src/config';
import { importCompose } from '../../src/config/import';
import { writeStack } from '../support/stack';

const imported = (compose: string, name?: string) => {
  const { text, lost } = importCompose(writeStack(compose, 'compose.yaml'), name);
  return {
    text,
    stack: parse(text) as Record<string, never>,
    lost: lost.map(({ line, path, message }) => `${line} ${path}: ${message}`),
  };
};

describe('the import of a compose file', () => {
  it('keeps the names that compose gave the volumes, so that their data is found', () => {
    const { stack } = imported(
      'name: shop\nservices: {db: {image: "db:1", volumes: ["pg:/data", "logs:/logs", ' +
        '"old:/old"]}}\nvolumes: {pg: {driver: local}, logs: {name: shared_logs}, old: {external: true}}\n',
      'store',
    );
    expect(stack).toMatchObject({
      name: 'store',
      volumes: { pg: { name: 'shop_pg' }, logs: { name: 'shared_logs' }, old: { external: true } },
    });
    expect(imported('name: Example.com\nservices: {db: {image: "db:1", volumes: ["pg:/data"]}}\n').stack).toMatchObject(
      { name: 'example-com', volumes: { pg: { name: 'examplecom_pg' } } },
    );
  });

  it('makes a job of what others wait for until it has completed', () => {
    const { text, stack } = imported(
      'services:\n  migrate: {image: "m:1", restart: "no"}\n  api: {image: "a:1", scale: 2, ' +
        'depends_on: {migrate: {condition: service_completed_successfully}}}\n',
    );
    expect(stack).toMatchObject({
      services: { migrate: { kind: 'job' }, api: { replicas: 2, depends_on: { migrate: 'completed' } } },
    });
    expect(loadStack({ file: writeStack(text), shell: {} }).stack.services.migrate).toMatchObject({
      kind: 'job',
      restart: 'no',
    });
  });

  it('turns the long form of a tmpfs mount into one', () => {
    const { stack, lost } = imported(
      'services: {a: {image: "a:1", tmpfs: /run, volumes: [{type: tmpfs, target: /tmp, tmpfs: {size: 1m}}]}}\n',
    );
    expect({ stack, lost }).toMatchObject({
      stack: { services: { a: { tmpfs: ['/run', '/tmp:size=1048576'] } } },
      lost: [],
    });
    expect(stack).not.toHaveProperty('volumes');
  });

  it('refuses what is no compose file', () => {
    expect(() => imported('- a\n')).toThrow('is not a Compose file: it has no services');
  });

  it('names with its line what has no place in a stack file, and why', () => {
    expect(
      imported(
        'services:\n  a:\n    image: a:1\n    build: .\n    links: [b]\n    ulimits: {nofile: 1}\n    ' +
          'isolation: hyperv\n    depends_on: {b: {condition: service_started, required: false}}\n  b: {image: b}\n',
      ).lost,
    ).toEqual([
      '5 services.a.links: services reach each other by service name; use a common network',
      '8 services.a.depends_on.b.required: all dependencies of a stack are deployed; remove the ' +
        'dependency, or required',
      '7 services.a.isolation: is not a key here, and is left out',
    ]);
  });
});
