import { sharedRoutesOf } from '../../src/plan/traffic/shared-routes';
import { problemsIn } from '../support/problems';
import { stackOf } from '../support/stack';

type Data = Record<string, unknown>;

const web = { image: 'web:1', health_check: { tcp: 8080 }, expose: { port: 8080, host: 'shop.example.com' } };
const fileOf = (settings: Data = {}, change: Data = {}) => ({
  name: 'shop',
  infrastructure: { load_balancer: { tls: 'auto', ...settings } },
  services: { web },
  ...change,
});
const problemsOf = (settings: Data = {}, change: Data = {}) =>
  problemsIn(() => stackOf(fileOf(settings, change))).map(({ path, message }) => `${path}: ${message}`);
const exposing = (expose: Data | Data[]) => ({ services: { web: { ...web, expose } } });

describe('tls: auto', () => {
  it('has the names of all routes with TLS, and publishes the port of challenges', () => {
    const { front, services } = stackOf(
      fileOf(
        { tls: { auto: true, email: 'ops@example.com', directory: 'staging' } },
        exposing([
          { port: 8080, host: 'www.example.com' },
          { port: 8080, host: 'Shop.example.com' },
          { port: 8080, host: 'admin.example.com', host_port: 8443, tls: true },
          { port: 8080, host: 'plain.example.com', host_port: 8000 },
        ]),
      ),
    );
    expect(front!.automatic).toEqual({
      port: 80,
      hosts: ['admin.example.com', 'shop.example.com', 'www.example.com'],
      email: 'ops@example.com',
      directory: 'staging',
    });
    expect(front!.certificates).toEqual([]);
    expect(front!.redirects).toEqual([{ from: 80, to: 443 }]);
    expect(services['load-balancer']!.ports.map(({ container }) => container)).toEqual([80, 443, 8000, 8443]);
  });

  it('publishes the port of challenges also if nothing else listens there', () => {
    const { services } = stackOf(
      fileOf({ http_port: 8080 }, exposing({ port: 1, host: 'a.example.com', host_port: 8443, tls: true })),
    );
    expect(services['load-balancer']!.ports.map(({ container }) => container)).toEqual([8080, 8443]);
  });

  it('claims the names of a port of its own at the shared load balancer, for challenges', () => {
    const stack = stackOf(
      fileOf(
        { shared: true },
        exposing([
          { port: 8080, host: 'shop.example.com' },
          { port: 8080, host: 'admin.example.com', host_port: 8443, tls: true },
        ]),
      ),
    );
    const routes = sharedRoutesOf(stack).map(({ port, host, tls }) => `${host}:${port}${tls ? ' tls' : ''}`);
    expect(routes).toEqual(['shop.example.com:443 tls', 'shop.example.com:80', 'admin.example.com:80']);
  });

  it.each([
    [{ port: 8080 }, 'needs a host for tls: auto'],
    [{ port: 8080, host: '*.example.com' }, 'has the wildcard *.example.com'],
    [{ port: 8080, host: 'localhost' }, 'has the host localhost, for which no CA gives a certificate'],
    [{ port: 8080, host: '10.0.0.1' }, 'has the host 10.0.0.1, for which no CA gives a certificate'],
  ])('refuses %p', (expose, message) => {
    expect(problemsOf({}, exposing(expose))).toEqual([expect.stringContaining(`services.web.expose: ${message}`)]);
  });

  it('does not mind routes without TLS', () => {
    const expose = [web.expose, { port: 8080, host_port: 8000 }];
    expect(problemsOf({}, exposing(expose))).toEqual([]);
  });

  it('is refused by name for processes and with several hosts', () => {
    const process = {
      infrastructure: { container_runtime: 'Process', load_balancer: { tls: 'auto' } },
      services: { web: { command: ['web'], health_check: { tcp: 8080 }, expose: web.expose } },
    };
    expect(problemsOf({}, process).join('\n')).toContain(
      'infrastructure.load_balancer.tls: auto is for Docker only; on a cluster let cert-manager keep a Secret',
    );
    const hosts = { infrastructure: { hosts: { a: null, b: null }, load_balancer: { tls: 'auto' } } };
    expect(problemsOf({}, hosts)).toContain(
      'infrastructure.load_balancer.tls: auto does not work with infrastructure.hosts yet; remove one of them',
    );
  });

  it('refuses more names than a certificate has', () => {
    const many = Array.from({ length: 101 }, (_, index) => ({ port: 8080, host: `n${index}.example.com` }));
    expect(problemsOf({}, exposing(many))).toEqual([
      'infrastructure.load_balancer.tls: auto is for at most 100 host names, and there are 101',
    ]);
  });

  it.each([
    [{ tls: 'automatic' }, 'infrastructure.load_balancer.tls'],
    [{ tls: { auto: false } }, 'infrastructure.load_balancer.tls.auto: must be true'],
    [{ tls: { auto: true, directory: 'http://ca.example.com' } }, 'tls.directory: write production, staging'],
    [{ tls: { auto: true, directory: 'https://user:pw@ca.example.com' } }, 'tls.directory: write production'],
    [{ tls: { auto: true, email: 'ops@example.com,root@example.com' } }, 'tls.email: write an address'],
    [{ tls: { auto: true, mail: 'ops@example.com' } }, 'tls.mail: is not a key here (did you mean "email"?)'],
  ])('refuses %p', (settings, message) => {
    expect(problemsOf(settings).join('\n')).toContain(message);
  });
});
