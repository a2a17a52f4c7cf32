import { isUnprotected } from '../../src/model/host';
import { readHosts } from '../../src/config/hosts';
import { stackOf, writeStack } from '../support/stack';

describe('a Docker Engine over a network', () => {
  it.each([
    ['tcp://10.0.0.2:2375', true],
    ['tcp://docker:2375', true],
    ['tcp://[fd00::1]:2375', true],
    ['tcp://127.0.0.1.evil.example:2375', true],
    ['tcp://localhost:2375', false],
    ['tcp://127.0.0.1:2375', false],
    ['tcp://[::1]:2375', false],
    ['unix:///var/run/docker.sock', false],
    ['ssh://me@10.0.0.2', false],
  ])('%s without TLS is open to anybody: %s', (url, isOpen) => {
    expect(isUnprotected(url, false)).toBe(isOpen);
    expect(isUnprotected(url, true)).toBe(false);
  });

  const file = (host: string) =>
    `name: shop\ninfrastructure: {hosts: {alpha: ${host}}}\nservices: {api: {image: "api:1"}}\n`;

  it('needs TLS or a word that says otherwise, in the stack and for the worker that serves it', () => {
    const open = file('{docker: "tcp://10.0.0.2:2375"}');
    for (const read of [() => stackOf(open), () => readHosts(writeStack(open))])
      expect(read).toThrow(
        'infrastructure.hosts.alpha.docker: is not encrypted, and anyone who can reach it is root on that host; ' +
          'add tls (ca.pem, cert.pem, key.pem), use ssh://, or set insecure: true',
      );
    for (const host of [
      '{docker: "tcp://10.0.0.2:2375", insecure: true}',
      '{docker: "tcp://10.0.0.2:2376", tls: certificates}',
      '{docker: "tcp://127.0.0.1:2375"}',
    ]) {
      expect(stackOf(file(host)).hosts).toHaveLength(1);
      expect(readHosts(writeStack(file(host)))).toHaveLength(1);
    }
  });
});
