import { loadBalancerText } from '../../src/cli/output/load-balancer-text';

const at = (text: string) => new Date(text).getTime();
const hosts = ['shop.example.com', 'www.example.com'];
const directory = 'https://ca.example.com/dir';
const route = { host: 'shop.example.com', timeoutMs: 60_000 };

describe('the status of the load balancer', () => {
  it('shows ports and names at the shared one', () => {
    const routes = [
      { ...route, port: 80, path: '/' },
      { ...route, port: 443, path: '/', tls: true as const },
      { ...route, port: 80, host: 'blog.example.com', path: '/en' },
    ];
    expect(loadBalancerText({ shared: { ports: [80, 443], routes } })).toEqual({
      lines: ['shared load balancer  ports 80, 443  blog.example.com/en, shop.example.com'],
      troubles: [],
    });
  });

  it('shows the certificate, and when it is renewed', () => {
    const current = {
      version: '0123456789abcdef',
      hosts,
      directory,
      issuer: 'CN=R11',
      notBefore: at('2026-11-29T10:00'),
      notAfter: at('2027-02-27T10:00'),
    };
    const certificate = { hosts, directory, current, renewAt: at('2027-01-28T09:30') };
    expect(loadBalancerText({ certificate }).lines).toEqual([
      'certificate  shop.example.com, www.example.com  valid until 2027-02-27 10:00, ' +
        'next renewal 2027-01-28 09:30  by CN=R11',
    ]);
  });

  it('shows why there is none, since when, and when it is tried again', () => {
    const trouble = {
      message: 'the CA ca.example.com refuses shop.example.com: NXDOMAIN (dns)',
      since: at('2026-11-29T10:00'),
      retryAt: at('2026-11-29T10:04'),
    };
    expect(loadBalancerText({ certificate: { hosts, directory, trouble } })).toEqual({
      lines: ['certificate  shop.example.com, www.example.com  self-signed until the first one is there'],
      troubles: [
        'no certificate for shop.example.com, www.example.com since 2026-11-29 10:00: the CA ca.example.com refuses ' +
          'shop.example.com: NXDOMAIN (dns); next attempt 2026-11-29 10:04',
      ],
    });
  });
});
