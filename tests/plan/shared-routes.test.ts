import type { PortInUse } from '../../src/model/observation';
import type { SharedRoutes } from '../../src/model/traffic';
import { emptyObservation, plan } from '../support/observation';
import { stackOf } from '../support/stack';

const stack = (settings: object) =>
  stackOf({
    name: 'shop',
    infrastructure: { load_balancer: settings },
    services: {
      web: { image: 'web:1', health_check: { tcp: 8080 }, expose: { port: 8080, host: 'shop.example.com' } },
    },
  });

const refusalsOf = (settings: object, { by, shared }: { by?: string; shared?: SharedRoutes[] }) => {
  const portsInUse: PortInUse[] = by === undefined ? [] : [{ port: 80, protocol: 'tcp', by: `the container ${by}` }];
  const wanted = stack(settings);
  const { refusals } = plan(wanted, { ...emptyObservation(wanted), portsInUse, ...(shared && { shared }) });
  return refusals.map(({ path, message }) => `${path}: ${message}`);
};

describe('a port that several stacks want', () => {
  it('is refused by a key that can be written, with the way to share it', () => {
    expect(refusalsOf({}, { by: 'blog-production-load-balancer-1-d1' })).toEqual([
      'infrastructure.load_balancer.http_port: host port 80 is in use by the container ' +
        'blog-production-load-balancer-1-d1; choose another port, or stop the container ' +
        'blog-production-load-balancer-1-d1; set infrastructure.load_balancer.shared: true in both stacks to share it',
    ]);
    expect(refusalsOf({}, { by: 'deploy-code-load-balancer-80' })[0]).toContain(
      'set infrastructure.load_balancer.shared: true to share it',
    );
    expect(refusalsOf({}, { by: 'apache' })).toEqual([
      'infrastructure.load_balancer.http_port: host port 80 is in use by the container apache; ' +
        'choose another port, or stop the container apache',
    ]);
  });

  it('is free for a stack that shares it while the shared load balancer has it', () => {
    expect(refusalsOf({ shared: true }, { by: 'deploy-code-load-balancer-80' })).toEqual([]);
    expect(refusalsOf({ shared: true }, {})).toEqual([]);
    expect(refusalsOf({ shared: true }, { by: 'blog-production-load-balancer-1-d1' })[0]).toContain(
      'or set infrastructure.load_balancer.shared: true in its stack too',
    );
  });

  it('is refused to a stack for a name that another environment has', () => {
    const routes = [{ port: 80, host: 'shop.example.com', path: '/', timeoutMs: 60_000 }];
    const of = (name: string) => [{ stack: name, environment: 'production', routes }];
    expect(refusalsOf({ shared: true }, { shared: of('shop') })).toEqual([]);
    expect(refusalsOf({ shared: true }, { shared: of('blog') })).toEqual([
      'services.web.expose: shop.example.com/ on port 80 belongs to blog/production; choose another host or path, ' +
        'or stop blog/production, or remove the route there',
    ]);
  });

  it('is shown in the plan, with the addresses', () => {
    const wanted = stack({ shared: true });
    const { phases } = plan(wanted).plan;
    expect(phases.flatMap(({ services }) => services).find(({ name }) => name === 'load-balancer')!.notes).toEqual([
      'by the shared load balancer: http://shop.example.com:80/',
    ]);
  });
});
