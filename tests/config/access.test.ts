import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAccess, requireExternalUrl } from '../../src/config/access';
import { newSigningKey } from '../support/saml-provider';

const folder = mkdtempSync(join(tmpdir(), 'access-'));
const fileOf = (text: string, name = 'access.yaml') => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const read = (text: string) => readAccess(fileOf(text));

const company = `
providers:
  company:
    type: oidc
    issuer: https://id.example.com
    client_id: deploy-code`;
const saml = `
providers:
  company:
    type: saml
    entity_id: urn:acme:idp
    sso_url: https://id.example.com/sso?tenant=1
    certificate_file: idp.pem`;
const workload = (issuer: string, claims: string) => `
workloads:
  ci:
    issuer: ${issuer}
    rules: [{claims: ${claims}, subject: service:ci}]`;
const github = 'https://token.actions.githubusercontent.com';

describe('an access file', () => {
  it('declares providers with their secrets, workloads and roles', () => {
    const secret = fileOf('s3cret\n', 'secret');
    expect(
      read(`external_url: https://deploy.example.com/
${company}
    client_secret_file: secret
    allowed: {domains: [acme.example]}
${workload(github, '{repository: acme/shop, ref: "refs/tags/*"}')}
bindings:
  - {subject: "group:ops", role: operator, scope: shop}
`),
    ).toEqual({
      externalUrl: 'https://deploy.example.com',
      providers: {
        company: {
          type: 'oidc',
          issuer: 'https://id.example.com',
          client_id: 'deploy-code',
          client_secret_file: 'secret',
          secret: 's3cret',
          allowed: { domains: ['acme.example'] },
        },
      },
      workloads: {
        ci: {
          issuer: github,
          rules: [{ claims: { repository: 'acme/shop', ref: 'refs/tags/*' }, subject: 'service:ci' }],
        },
      },
      bindings: [{ subject: 'group:ops', role: 'operator', scope: 'shop' }],
      subscribers: [],
      files: [join(folder, 'access.yaml'), secret],
    });
  });

  it('declares a provider with SAML, with every certificate of its file', () => {
    const [one, other] = [newSigningKey().certificate, newSigningKey().certificate];
    const file = fileOf(`old one\n${one}\nnew one\n${other}`, 'idp.pem');
    const { providers, files } = read(saml);
    expect(providers.company).toEqual({
      type: 'saml',
      entity_id: 'urn:acme:idp',
      sso_url: 'https://id.example.com/sso?tenant=1',
      certificate_file: 'idp.pem',
      certificates: [one.trim(), other.trim()],
    });
    expect(files).toContain(file);
    for (const text of ['', 'no certificate', one.replace(/[A-Za-z0-9]{40}/, 'A'.repeat(40)), one.repeat(11)]) {
      fileOf(text, 'idp.pem');
      expect(() => read(saml)).toThrow(/idp.pem.*must contain 1 to 10 certificates in PEM/);
    }
  });

  it('declares subscribers, whose secrets workers read', () => {
    const text =
      'secrets: {hook: {file: /run/hook}, chat: {vault: "ops/chat#url"}}\n' +
      'subscribers: {ops: {webhook: {url: "https://a.example", key: hook}}, chat: {slack: {url: chat}}}';
    expect(read(text).subscribers).toEqual([
      {
        name: 'ops',
        events: ['security.threat_detected'],
        target: { kind: 'webhook', url: 'https://a.example', key: { name: 'hook', source: { file: '/run/hook' } } },
      },
      {
        name: 'chat',
        events: ['security.threat_detected'],
        target: {
          kind: 'slack',
          url: { name: 'chat', source: { vault: { mount: 'secret', path: 'ops/chat', key: 'url' } } },
        },
      },
    ]);
    expect(() => read(text.replace('/run/hook', 'hook'))).toThrow(/:1:\d+ secrets.hook: file must be an absolute path/);
    expect(() => read(text.replace('key: hook', 'key: hok'))).toThrow(
      /subscribers.ops: the secret "hok" is not declared/,
    );
  });

  it('may be empty', () => {
    expect(read('')).toMatchObject({ providers: {}, workloads: {}, bindings: [] });
  });

  it.each([
    ['a key that it does not have', `${company}\n    isuer: x`, /access.yaml:7:5 providers.company.isuer: .*issuer/],
    ['an issuer without TLS', company.replace('https', 'http'), /must be an https:\/\/ address/],
    ['an issuer with a password', company.replace('//id', '//a:b@id'), /without user, query and fragment/],
    [
      'another type of provider',
      company.replace('oidc', 'ldap'),
      /:4:5 providers.company.type: must be one of oidc, saml/,
    ],
    ['a name that is no name', company.replace('company:', 'My Company:'), /is not a valid name/],
    ['a subject that is none', 'bindings: [{subject: ana, role: viewer, scope: shop}]', /write user:NAME/],
    ['a role that is none', 'bindings: [{subject: "user:ana", role: root, scope: shop}]', /bindings.0.role/],
    ['a scope that is none', 'bindings: [{subject: "user:ana", role: viewer, scope: a/b/c}]', /write STACK/],
    ['an address with a path', 'external_url: https://example.com/deploy', /without a path/],
    ['an address without TLS', 'external_url: http://deploy.example.com', /without TLS only on this machine/],
    ['a missing file', `${company}\n    client_secret_file: nowhere`, /nowhere does not exist/],
    ['two roles in one scope', `bindings: [${'{subject: "user:a", role: viewer, scope: "*"},'.repeat(2)}]`, /twice/],
  ])('names the place of %s', (_, text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it.each([
    ['for everybody', '{}', /must name a claim/],
    ['of nobody', '{ref: refs/heads/main}', /this issuer gives tokens to everybody/],
    ['of every repository', '{repository: "*"}', /with \* at its end/],
    ['of all whose name begins like this', '{repository: "acme*"}', /gives tokens to everybody/],
    ['of ids that begin like this', '{repository_id: "12*"}', /gives tokens to everybody/],
    ['with * in the middle', '{repository: "acme/*/x"}', /with \* at its end/],
  ])('refuses a rule %s', (_, claims, message) => {
    expect(() => read(workload(github, claims))).toThrow(message);
    expect(() => read(workload(`${github}/`, claims))).toThrow(message);
  });

  it.each(['{repository: acme/shop}', '{repository: "acme/*"}', '{sub: "repo:acme/shop:*"}', '{repository_id: "12"}'])(
    'takes the rule %s',
    (claims) => {
      expect(read(workload(github, claims)).workloads).toHaveProperty('ci');
    },
  );

  it('lets a rule of an issuer of their own name any claim, and no person as the subject', () => {
    const own = workload('https://gitlab.acme.example', '{ref_protected: "true"}');
    expect(read(own).workloads).toHaveProperty('ci');
    expect(() => read(own.replace('service:ci', 'user:ana'))).toThrow(/must be service:NAME/);
  });

  it('is not the place of an empty secret', () => {
    fileOf('\n', 'empty');
    expect(() => read(`${company}\n    client_secret_file: empty`)).toThrow(/in one line/);
  });
});

describe('the address of an installation', () => {
  it.each(['https://deploy.example.com', 'https://deploy.example.com:8443', 'http://127.0.0.1:8080'])(
    'may be %s',
    (text) => {
      expect(requireExternalUrl(text)).toBe(text);
    },
  );
  it.each(['deploy.example.com', 'http://deploy.example.com', 'https://x/y', 'https://x?y', 'javascript:x', ''])(
    'is not %j',
    (text) => {
      expect(() => requireExternalUrl(text)).toThrow('--external-url must be an address such as');
    },
  );
});
