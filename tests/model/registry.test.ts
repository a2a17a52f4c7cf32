import { isName } from '../../src/model/names';
import { isLoopback, normalRegistry, registryOfImage } from '../../src/model/names/registry';

describe('the name of a registry', () => {
  it.each([
    ['ghcr.io', 'ghcr.io'],
    ['GHCR.io', 'ghcr.io'],
    ['https://ghcr.io/', 'ghcr.io'],
    ['registry.example.com:5000', 'registry.example.com:5000'],
    ['registry:5000', 'registry:5000'],
    ['localhost', 'localhost'],
    ['localhost:5000', 'localhost:5000'],
    ['127.0.0.1:65535', '127.0.0.1:65535'],
    ['[::1]:5000', '[::1]:5000'],
    ['docker.io', 'docker.io'],
    ['index.docker.io', 'docker.io'],
    ['https://index.docker.io/v1/', 'docker.io'],
  ])('%s is %s', (written, name) => {
    expect(normalRegistry(written)).toBe(name);
    expect(isName('registry', name)).toBe(true);
  });

  it.each([
    '',
    'ghcr',
    'ghcr.io/acme',
    'http://ghcr.io',
    'ghcr.io:0',
    'ghcr.io:65536',
    'ghcr.io:',
    'ana@ghcr.io',
    '-u.io',
    'ghcr..io',
    'ghcr.io\n',
    'ghcr.io?x',
    '::1',
    `${'a'.repeat(300)}.io`,
  ])('is not %j', (written) => expect(isName('registry', normalRegistry(written))).toBe(false));
});

describe('the registry of an image', () => {
  it.each([
    ['postgres:15', 'docker.io'],
    ['acme/api:1', 'docker.io'],
    ['docker.io/acme/api', 'docker.io'],
    ['index.docker.io/acme/api', 'docker.io'],
    ['registry-1.docker.io/acme/api', 'registry-1.docker.io'],
    ['ghcr.io/acme/api:1', 'ghcr.io'],
    ['GHCR.IO/acme/api@sha256:0', 'ghcr.io'],
    ['ghcr.io:443/acme/api', 'ghcr.io:443'],
    ['ghcr.io.evil.example/acme/api', 'ghcr.io.evil.example'],
    ['localhost/api', 'localhost'],
  ])('%s is %s', (reference, registry) => expect(registryOfImage(reference)).toBe(registry));
});

it.each([
  ['localhost', true],
  ['localhost:5000', true],
  ['127.1.2.3:80', true],
  ['[::1]:5000', true],
  ['127.0.0.1.evil.example', false],
  ['localhost.evil.example', false],
  ['10.0.0.1:5000', false],
  ['ghcr.io', false],
])('%s is on this machine: %s', (host, expected) => expect(isLoopback(host)).toBe(expected));

it.each([
  ['ana', true],
  ['robot$acme+ci', true],
  ['_json_key', true],
  ['<token>', true],
  ['a:b', false],
  ['a b', false],
  ['a\u202eb', false],
  ['', false],
])('the user %j is valid: %s', (user, expected) => expect(isName('registryUser', user)).toBe(expected));
