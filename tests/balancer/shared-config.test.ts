import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedConfig } from '../../src/balancer/shared-config';

const route = (host: string, path = '/', timeoutMs = 60_000, port = 80) => ({ port, host, path, timeoutMs });

describe('the configuration of the shared load balancer', () => {
  const shop = {
    stack: 'shop',
    environment: 'production',
    routes: [route('shop.example.com'), route('shop.example.com', '/api/', 300_000), route('other', '/', 1000, 8080)],
  };
  const blog = { stack: 'blog', environment: 'staging', routes: [route('shop.example.com', '/api/v1')] };

  it('of two environments on one port is exactly this', () => {
    expect(sharedConfig(80, [shop, blog])).toBe(
      readFileSync(join(__dirname, 'expected', 'shared-balancer.conf'), 'utf8'),
    );
  });

  it('says the same whatever the order of the environments', () => {
    expect(sharedConfig(80, [blog, shop])).toBe(sharedConfig(80, [shop, blog]));
  });

  it('passes connections with TLS on by host name', () => {
    const routes = [{ ...route('shop.example.com', '/', 60_000, 443), tls: true as const }];
    expect(sharedConfig(443, [{ ...shop, routes }])).toContain(
      `map $ssl_preread_server_name $upstream {
    hostnames;
    default "";
    shop.example.com production.shop.load-balancer:443;
  }`,
    );
  });
});
