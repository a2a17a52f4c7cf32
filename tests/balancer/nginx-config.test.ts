import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { nginxConfig, nginxOptions } from '../../src/balancer/nginx-config';
import { StackFileError } from '../../src/config';
import { stackOf } from '../support/stack';

const web = { image: 'web:1', health_check: { tcp: 8080 } };
const tls = { certificate: 'cert', key: 'key' };
const secrets = {
  cert: { file: '/etc/cert' },
  key: { file: '/etc/key' },
  other_cert: { file: '/etc/other' },
  other_key: { file: '/etc/other-key' },
};

const configOf = (services: object, loadBalancer: object = {}) => {
  const { front, runtime } = stackOf({
    name: 'shop',
    infrastructure: { load_balancer: loadBalancer },
    secrets,
    services,
  });
  return nginxConfig(front!, nginxOptions(runtime));
};
const expected = (name: string) => readFileSync(join(__dirname, 'expected', name), 'utf8');

describe('the configuration of the load balancer', () => {
  it('of one service on a port of its own is exactly this', () => {
    expect(configOf({ web: { ...web, expose: { port: 8080, host_port: 8000 } } })).toBe(expected('one-port.conf'));
  });

  it('of host names, paths and TLS on shared ports is exactly this', () => {
    const services = {
      web: { ...web, expose: { port: 8080, host: 'shop.example.com' } },
      api: {
        ...web,
        expose: [
          { port: 9000, host: 'shop.example.com', path: '/api', timeout: '5m' },
          { port: 9000, host_port: 8443, tls: { certificate: 'other_cert', key: 'other_key' } },
        ],
      },
    };
    expect(configOf(services, { tls })).toBe(expected('shared.conf'));
  });

  it('says the same whatever the order of the services', () => {
    const a = { ...web, expose: { port: 1, host: 'a.example.com' } };
    const b = { ...web, expose: { port: 2, host: 'b.example.com' } };
    expect(configOf({ a, b })).toBe(configOf({ b, a }));
  });

  it('believes the proxies that the file trusts, and refuses what is no network', () => {
    const text = configOf(
      { web: { ...web, expose: { port: 8080, host_port: 8000 } } },
      { trusted_proxies: ['10.0.0.0/8', 'fd00::/8'] },
    );
    expect(text).toContain('  geo $trusted { default 0; 10.0.0.0/8 1; fd00::/8 1; }\n');
    expect(text).toContain(
      '  map $trusted $told_x_forwarded_for { 1 $proxy_add_x_forwarded_for; default $remote_addr; }\n',
    );
    for (const range of [
      '10.0.0.1/8',
      '10.0.0.0',
      '10.0.0.0/33',
      'all',
      '10.0.0.0/8 1; } evil {',
      '::ffff:10.0.0.0/104;',
    ]) {
      expect(() =>
        configOf({ web: { ...web, expose: { port: 8080, host_port: 8000 } } }, { trusted_proxies: [range] }),
      ).toThrow(/trusted_proxies.*write a network/s);
    }
  });

  it('never holds a directive that a stack file brings along', () => {
    const hostile = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[/a-z.]*[ ;{}$"'\\\n#]+.*$/),
      fc.constantFrom('/;}server{', 'a; return 200', '/$request_uri', '/x"', "/'", '/\n}', '*.*', '${IFS}'),
    );
    const shape = (text: string) => text.replaceAll(/[^;{}"$\n]/g, '');
    const plain = shape(configOf({ web: { ...web, expose: { port: 8080, host: 'a.example.com', path: '/a' } } }));
    fc.assert(
      fc.property(hostile, hostile, (host, path) => {
        let text: string;
        try {
          text = configOf({ web: { ...web, expose: { port: 8080, host, path: `/${path}` } } });
        } catch (error) {
          expect(error).toBeInstanceOf(StackFileError);
          return;
        }
        if (!/^\/*$/.test(path)) expect(shape(text)).toBe(plain);
      }),
      { numRuns: 300 },
    );
  });
});
