import { fingerprint } from '../../src/plan/service/fingerprint';
import { ObservationIndex } from '../../src/plan/observation-index';
import { stackOf } from '../support/stack';
import { emptyObservation } from '../support/observation';

const stack = stackOf({
  name: 'shop',
  environment: 'staging',
  secrets: { key: { environment: 'KEY' } },
  configs: { site: { content: 'x' } },
  networks: { back: {} },
  volumes: { data: {} },
  services: {
    bare: { image: 'b:1' },
    api: {
      image: 'api:1',
      entrypoint: ['a'],
      command: ['b', 'c'],
      working_dir: '/x',
      user: '5',
      environment: { A: '1' },
      env_file: ['/etc/x.env'],
      secrets: ['key'],
      configs: ['site'],
      ports: ['80:80'],
      volumes: ['data:/d', '/srv:/t'],
      networks: { back: { aliases: ['z'] } },
      resources: { reserve: { cpus: 1, memory: '1G' }, limit: { memory: '2G' } },
      restart: 'always',
      stop_signal: 'SIGINT',
      stop_grace_period: '3s',
      labels: { l: '1' },
      logging: { driver: 'json-file', options: { 'max-size': '1m' } },
      init: true,
      shm_size: '64M',
      tmpfs: ['/tmp'],
      cap_add: ['NET_ADMIN'],
      cap_drop: ['ALL'],
      extra_hosts: ['a:1.2.3.4'],
    },
    quiet: { image: 'b:1', health_check: { disable: true }, user: '5' },
  },
});
const known = new ObservationIndex(emptyObservation(stack));
const printOf = (name: string) => fingerprint(stack.services[name]!, stack, known);

describe('the fingerprint of a service', () => {
  it('is the one of every earlier version: an upgrade of the engine replaces no instance', () => {
    const hashes = ['bare', 'api', 'quiet'].map((name) => printOf(name).hash);
    expect(hashes).toEqual(['51b546dd94c6c073', 'b187f276b242d359', '67e5bd05d6a0185b']);
  });

  it('is made of the keys that replace an instance', () => {
    expect(Object.keys(printOf('api').keys)).toEqual([
      'image',
      'entrypoint',
      'command',
      'working_dir',
      'user',
      'environment',
      'env_file',
      'secrets',
      'configs',
      'ports',
      'volumes',
      'networks',
      'resources',
      'restart',
      'stop_signal',
      'labels',
      'logging',
      'init',
      'shm_size',
      'tmpfs',
      'cap_add',
      'cap_drop',
      'extra_hosts',
      'network_mode',
    ]);
  });
});
