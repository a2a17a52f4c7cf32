import { writeFileSync } from 'node:fs';
import { loadStack, StackFileError } from '../../src/config';
import { stackOf, writeStack } from '../support/stack';

const base = `name: shop
services:
  app: {image: "x:1", command: [sleep, "1"], environment: {A: "1", B: "2"}, labels: {l: a}, ports: ["43030:80"]}
`;

function withOverlay(over: string) {
  const file = writeStack(base);
  writeFileSync(file.replace('.yaml', '.staging.yaml'), over);
  return loadStack({ file, environment: 'staging', shell: {} }).stack.services.app!;
}

describe('the tags of compose', () => {
  it('replace and take away what the file says in its overlay', () => {
    const app = withOverlay(
      'services:\n  app:\n    environment: !override {C: "3"}\n    ports: !reset ' +
        '[]\n    labels: !reset null\n    command: !override ["x"]\n',
    );
    expect(app).toMatchObject({ variables: { C: '3' }, ports: [], labels: {}, command: ['x'] });
    expect(withOverlay('services:\n  app: !override\n    image: y:2\n')).toMatchObject({
      image: 'y:2',
      variables: {},
      ports: [],
    });
    expect(withOverlay('services:\n  app:\n    environment: !reset\n      C: "3"\n')).toMatchObject({ variables: {} });
    expect(withOverlay('services:\n  app:\n    environment: {C: "3"}\n')).toMatchObject({
      variables: { A: '1', B: '2', C: '3' },
    });
  });

  it('have nothing beneath them in a single file', () => {
    const app = stackOf(
      'name: shop\nservices:\n  app:\n    image: x\n    ports: !reset []\n    command: !override ' +
        '["x"]\n    environment: !override {A: !!str 12, B: !!int "13", C: !!float 1}\n',
    ).services.app!;
    expect(app).toMatchObject({ ports: [], command: ['x'], variables: { A: '12', B: '13', C: '1' } });
  });

  it.each([
    ['!vault x', '!vault'],
    ['!!python/object {a: b}', '!!python/object'],
    ['!!binary aGk=', '!!binary'],
    ['!!set {A}', '!!set'],
    ['!!timestamp 2024-01-01', '!!timestamp'],
    ['!Override {A: b}', '!Override'],
  ])('of others are refused: %s', (text, tag) => {
    let problems: string[] = [];
    try {
      stackOf(`name: shop\nservices:\n  app:\n    image: x\n    environment: ${text}\n`);
    } catch (error) {
      problems = (error as StackFileError).problems.map(({ line, message }) => `${line} ${message}`);
    }
    expect(problems).toEqual([`5 the tag ${tag} is not supported; remove it, and write the value out`]);
  });
});

describe('ipam of a network', () => {
  const ipam = (text: string) => () =>
    stackOf(`name: shop\nnetworks:\n  lan:\n    ipam: ${text}\nservices: {app: {image: x, networks: [lan]}}\n`).networks
      .lan;
  it('gives the subnet', () =>
    expect(ipam('{driver: default, config: [{subnet: 10.1.0.0/24}]}')()).toMatchObject({ cidr: '10.1.0.0/24' }));
  it.each([
    [
      '{config: [{subnet: 10.1.0.0/24, gateway: 10.1.0.254}]}',
      { pools: [{ subnet: '10.1.0.0/24', gateway: '10.1.0.254' }] },
    ],
    [
      '{config: [{subnet: 10.1.0.0/24, ip_range: 10.1.0.128/25}]}',
      { pools: [{ subnet: '10.1.0.0/24', range: '10.1.0.128/25' }] },
    ],
    [
      '{config: [{subnet: 10.1.0.0/24}, {subnet: "fd00::/64"}]}',
      { pools: [{ subnet: '10.1.0.0/24' }, { subnet: 'fd00::/64' }] },
    ],
    ['{driver: other, config: [{subnet: 10.1.0.0/24}]}', { driver: 'other', pools: [{ subnet: '10.1.0.0/24' }] }],
    ['{options: {a: b}}', { options: { a: 'b' }, pools: [] }],
  ])('is passed on as a whole where it says more: %s', (text, expected) => {
    expect(ipam(text)()?.ipam).toEqual(expected);
    expect(ipam(text)()?.cidr).toBeUndefined();
  });
  it.each([
    ['{config: [{gateway: 10.1.0.254}]}', 'networks.lan.ipam.config.0.subnet: is required'],
    [
      '{config: [{subnet: 10.1.0.0, gateway: 10.1.0.1}]}',
      'networks.lan.ipam.config.0.subnet: write a range such as 172.20.0.0/24',
    ],
    ['{config: [{subnet: 10.1.0.0/24, gateway: x}]}', 'networks.lan.ipam.config.0.gateway: write an IP address'],
  ])('is refused where Docker could not read it: %s', (text, message) => expect(ipam(text)).toThrow(message));
});
