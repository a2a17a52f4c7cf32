import { automaticMounts } from '../../src/balancer/automatic';
import { nginxConfig, nginxOptions } from '../../src/balancer/nginx-config';
import { stackOf } from '../support/stack';

const web = { image: 'web:1', health_check: { tcp: 8080 } };
const configOf = (expose: object[], settings: object = {}) => {
  const { front } = stackOf({
    name: 'shop',
    infrastructure: { load_balancer: { tls: 'auto', ...settings } },
    services: { web: { ...web, expose } },
  });
  return nginxConfig(front!, nginxOptions('docker'));
};
const challenge = [
  '    location ^~ /.well-known/acme-challenge/ {',
  '      default_type text/plain;',
  '      alias certificates/challenges/;',
  '    }',
].join('\n');
const host = 'shop.example.com';

describe('the configuration with a certificate by itself', () => {
  it('names a link, so that another certificate needs no other configuration', () => {
    const text = configOf([{ port: 8080, host }]);
    expect(text).toContain('    ssl_certificate certificates/active/certificate.pem;\n');
    expect(text).toContain('    ssl_certificate_key certificates/active/key.pem;\n');
  });

  it('answers challenges in front of the redirect', () => {
    expect(configOf([{ port: 8080, host }])).toContain(
      [
        '    listen 80 default_server reuseport;',
        '    server_name _;',
        challenge,
        '    location / { return 308 https://$host$request_uri; }',
      ].join('\n'),
    );
  });

  it('answers them on every host name of a port that a service has too', () => {
    const text = configOf([
      { port: 8080, host },
      { port: 8081, host, host_port: 80 },
    ]);
    expect(text.split(challenge)).toHaveLength(3);
  });

  it('answers them where nothing else listens', () => {
    const text = configOf([{ port: 8080, host, host_port: 8443, tls: true }]);
    expect(text).toContain(
      [
        '    listen 80 default_server reuseport;',
        '    server_name _;',
        challenge,
        '    location / { return 404; }',
      ].join('\n'),
    );
  });

  it('mounts nothing but ciphertexts, for the user of the load balancer only', () => {
    const mounts = automaticMounts('initial', { certificate: 'v1.c', key: 'v1.k' }, nginxOptions('docker'));
    expect(mounts).toEqual([
      {
        name: 'automatic/certificate',
        source: { sealed: 'v1.c' },
        target: { path: '/deploy-code/certificates/initial/certificate.pem', mode: 0o400, uid: 101, gid: 101 },
      },
      {
        name: 'automatic/key',
        source: { sealed: 'v1.k' },
        target: { path: '/deploy-code/certificates/initial/key.pem', mode: 0o400, uid: 101, gid: 101 },
      },
    ]);
  });
});
