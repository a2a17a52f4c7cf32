import { sharedRoutesOf } from '../../src/plan/traffic/shared-routes';
import { problemsIn } from '../support/problems';
import { stackOf } from '../support/stack';

type Data = Record<string, unknown>;

const problemsOf = (change: Data = {}, settings: Data = {}, services: Data = {}) =>
  problemsIn(() =>
    stackOf({
      name: 'shop',
      infrastructure: { load_balancer: { shared: true, ...settings } },
      services: {
        web: { image: 'web:1', health_check: { tcp: 8080 }, expose: { port: 8080, host: 'shop.example.com' } },
        ...services,
      },
      ...change,
    }),
  ).map(({ path, message }) => `${path}: ${message}`);

describe('a stack that shares its port', () => {
  it('publishes only the ports of its own, and joins a network with the shared load balancer', () => {
    const { services, networks, front } = stackOf({
      name: 'shop',
      environment: 'staging',
      infrastructure: { load_balancer: { shared: true } },
      services: {
        web: {
          image: 'web:1',
          health_check: { tcp: 8080 },
          expose: [
            { port: 8080, host: 'shop.example.com' },
            { port: 9000, host_port: 9000 },
          ],
        },
      },
    });
    expect(front!.shared).toEqual({ port: 80 });
    expect(services['load-balancer']).toMatchObject({
      ports: [{ container: 9000 }],
      networks: { default: {}, 'load-balancer': { aliases: ['staging.shop.load-balancer'] } },
    });
    expect(networks['load-balancer']).toEqual({ external: false, internal: true });
  });

  it('shares the port for TLS and the one that redirects to it', () => {
    const { services, front } = stackOf({
      name: 'shop',
      infrastructure: { load_balancer: { shared: true, https_port: 8443, tls: { certificate: 'c', key: 'k' } } },
      secrets: { c: { file: '/c' }, k: { file: '/k' } },
      services: {
        web: {
          image: 'web:1',
          health_check: { tcp: 8080 },
          expose: [
            { port: 8080, host: 'shop.example.com' },
            { port: 8080, host: 'shop.example.com', path: '/api' },
          ],
        },
      },
    });
    expect(front!.shared).toEqual({ port: 80, tlsPort: 8443 });
    expect(services['load-balancer']!.ports).toEqual([]);
    const whole = { host: 'shop.example.com', path: '/', timeoutMs: 60_000 };
    expect(sharedRoutesOf({ front })).toEqual([
      { ...whole, port: 8443, tls: true },
      { ...whole, port: 80 },
    ]);
  });

  it.each([
    [
      'a route without a host',
      {},
      {},
      { web: { image: 'w', expose: { port: 1 } } },
      'services.web.expose: needs a host',
    ],
    ['processes', {}, {}, {}, 'infrastructure.load_balancer.shared: is for Docker only'],
    ['trusted proxies', {}, { trusted_proxies: ['10.0.0.0/8'] }, {}, 'does not work with trusted_proxies'],
    ['a network of its name', { networks: { 'load-balancer': {} } }, {}, {}, 'networks.load-balancer: is the name of'],
    [
      'a service on its network',
      {},
      {},
      { db: { image: 'db', networks: ['load-balancer'] } },
      'services.db.networks: is the network of the shared load balancer',
    ],
  ])('is refused with %s', (name, change, settings, services, problem) => {
    const infrastructure = { container_runtime: 'Process', load_balancer: { shared: true } };
    const web = { command: ['a'], expose: { port: 8080, host: 'a.example.com' } };
    const found =
      name === 'processes' ? problemsOf({ infrastructure, services: { web } }) : problemsOf(change, settings, services);
    expect(found.join('\n')).toContain(problem);
  });
});
