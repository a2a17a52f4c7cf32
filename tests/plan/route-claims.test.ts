import {
  conflictsOf,
  isTooMany,
  servedRoutes,
  withClaim,
  withoutHolder,
  withSettlement,
} from '../../src/plan/traffic/route-claims';
import type { RouteClaim, SharedClaim, SharedRoute } from '../../src/model/traffic';

const route = (host: string, path = '/', port = 80) => ({ port, host, path, timeoutMs: 60_000 });
const claim = (stack: string, ...routes: SharedRoute[]): RouteClaim => ({
  stack,
  environment: 'production',
  workflowId: `deployment/${stack}/production/1`,
  routes,
});
const ended = ({ stack, environment, workflowId }: RouteClaim) => ({ stack, environment, workflowId });
const committed = (claims: SharedClaim[], of: RouteClaim) => withSettlement(withClaim(claims, of), of);

describe('the routes of a shared load balancer', () => {
  const shop = claim('shop', route('shop.example.com'));

  it('belong to the first that claims them, also while its deployment runs', () => {
    const held = withClaim([], shop);
    expect(servedRoutes(held)).toEqual([{ stack: 'shop', environment: 'production', routes: shop.routes }]);
    const other = claim('blog', route('shop.example.com'), route('blog.example.com'));
    expect(conflictsOf(other, held)).toEqual([{ route: route('shop.example.com'), by: 'shop/production' }]);
    expect(conflictsOf(shop, held)).toEqual([]);
  });

  it.each([
    ['another path', route('shop.example.com', '/api'), false],
    ['the same path with a slash', route('shop.example.com', '/'), true],
    ['another port', route('shop.example.com', '/', 8080), false],
    ['TLS on the same port', { ...route('blog.example.com'), tls: true as const }, true],
    ['a wildcard over it', route('*.example.com', '/api'), true],
    ['a wildcard elsewhere', route('*.example.org'), false],
    ['a host that only ends alike', route('myshop.example.com'), false],
  ])('are told apart: %s', (_, wanted, taken) => {
    expect(conflictsOf(claim('blog', wanted), withClaim([], shop)).length > 0).toBe(taken);
  });

  it('are those before and after while a deployment runs, and those of its outcome afterwards', () => {
    const before = committed([], shop);
    const next = { ...claim('shop', route('new.example.com')), workflowId: 'deployment/shop/production/2' };
    const during = withClaim(before, next);
    expect(servedRoutes(during)[0]!.routes.map(({ host }) => host)).toEqual(['new.example.com', 'shop.example.com']);
    expect(withSettlement(during, ended(next))).toEqual(before);
    expect(servedRoutes(withSettlement(during, next))[0]!.routes).toEqual(next.routes);
    expect(withoutHolder(during, next.workflowId)).toEqual(before);
  });

  it('are given up by a stop, and by a first deployment that fails', () => {
    expect(withSettlement(committed([], shop), { ...ended(shop), routes: [] })).toEqual([]);
    expect(withSettlement(withClaim([], shop), ended(shop))).toEqual([]);
  });

  it('are not touched by a deployment that no longer holds them', () => {
    const held = withClaim([], shop);
    expect(withSettlement(held, { ...ended(shop), workflowId: 'deployment/shop/production/0' })).toEqual(held);
  });

  it('are limited in number', () => {
    const many = Array.from({ length: 4000 }, (_, index) => route(`h${index}.example.com`));
    const held = withClaim([], claim('shop', ...many));
    expect(isTooMany(claim('blog', ...many.slice(0, 1000)), held)).toBe(false);
    expect(isTooMany(claim('blog', ...many.slice(0, 1001)), held)).toBe(true);
  });
});
