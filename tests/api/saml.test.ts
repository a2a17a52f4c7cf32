import type { AccessConfig, Provider } from '../../src/config/access';
import { AccessWorld, cookiesOf, externalUrl, formHeaders, host, serverOf } from '../support/people';
import {
  assertionOf,
  newSigningKey,
  requestIn,
  responseWith,
  samlForm,
  signed,
  type SamlAnswer,
} from '../support/saml-provider';

const callback = `${externalUrl}/auth/callback/company`;
const audience = `${externalUrl}/auth/metadata/company`;
const idp = newSigningKey();
const other = newSigningKey();

describe('a log-in with SAML', () => {
  let world: AccessWorld;
  let app: Awaited<ReturnType<typeof serverOf>>;
  let declared: AccessConfig['providers'];
  const company: Provider = {
    type: 'saml',
    entity_id: 'https://idp.acme.example/saml',
    sso_url: 'https://idp.acme.example/sso?tenant=1',
    certificate_file: 'idp.pem',
    certificates: [other.certificate, idp.certificate],
    groups_attribute: 'groups',
  };
  const failures: string[] = [];
  beforeEach(async () => {
    world = new AccessWorld();
    failures.length = 0;
    declared = { company };
    app = await serverOf(world, { providers: declared }, { onFailure: ({ message }) => failures.push(message) });
  });
  afterEach(() => app.close());

  const begin = async (back = '/device') => {
    const url = `/auth/login/company?${new URLSearchParams({ return: back }).toString()}`;
    const answer = await app.inject({ url, headers: { host } });
    expect(answer.statusCode).toBe(303);
    const location = answer.headers.location as string;
    return { ...requestIn(location), location, cookie: cookiesOf(answer), set: answer.headers['set-cookie'] };
  };
  const send = (xml: string, cookie: string, origin = 'https://idp.acme.example') =>
    app.inject({
      method: 'POST',
      url: '/auth/callback/company',
      headers: { ...formHeaders, cookie, origin },
      payload: samlForm(xml),
    });
  const answerTo = (request: string, more: Partial<SamlAnswer> = {}) =>
    assertionOf({ request, recipient: callback, audience, ...more });
  /** The usual way, with changes to what is signed. */
  const logIn = async (more: Partial<SamlAnswer> = {}, change = (assertion: string) => assertion) => {
    const { id, cookie } = await begin();
    return send(responseWith(signed(change(answerTo(id, more)), idp), id), cookie);
  };
  const expectRefused = async (answer: Promise<{ statusCode: number }>) => {
    expect([400, 403]).toContain((await answer).statusCode);
    expect(await world.sessions.list()).toEqual([]);
  };

  it('opens a session with the groups that have a name, and leads back', async () => {
    const answer = await logIn({ attributes: { groups: ['ops', 'not a name', 'dev'] } });
    expect([answer.statusCode, answer.headers.location]).toEqual([303, '/device']);
    expect(await world.sessions.list()).toMatchObject([
      { subject: 'user:ana@acme.example', groups: ['ops', 'dev'], method: 'saml company', kind: 'browser' },
    ]);
    expect(failures).toEqual([]);
  });

  it('sends the browser to the provider, whose form comes back with the cookie', async () => {
    const { location, xml, set } = await begin();
    expect(location).toMatch(/^https:\/\/idp\.acme\.example\/sso\?tenant=1&SAMLRequest=/);
    expect(xml).toContain(`AssertionConsumerServiceURL="${callback}"`);
    expect(xml).toContain(`${audience}</saml:Issuer>`);
    expect(set).toMatch(/^__Host-deploy-code-saml=[\w-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=None; Secure$/);
  });

  it('takes the name from an attribute, and no name that changes with each log-in', async () => {
    const format = 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient';
    expect(await logIn({ format, nameId: '_x1' })).toMatchObject({
      statusCode: 403,
      body: expect.stringContaining('gives you another name with each log-in') as string,
    });
    declared.company = { ...company, subject_attribute: 'login' };
    await logIn({ format, nameId: '_x1', attributes: { login: ['Ana@ACME.example'] } });
    await logIn({ attributes: { login: ['bob'] } });
    const subjects = (await world.sessions.list()).map(({ subject }) => subject).sort();
    expect(subjects).toEqual(['user:ana@acme.example', 'user:bob']);
    for (const attributes of [{}, { login: ['a', 'b'] }, { login: [''] }] as SamlAnswer['attributes'][])
      expect((await logIn({ attributes })).statusCode).toBe(403);
  });

  it('says no to those who are not allowed', async () => {
    declared.company = { ...company, allowed: { domains: ['other.example'] } };
    await expectRefused(logIn());
    declared.company = { ...company, allowed: { groups: ['ops'] } };
    await expectRefused(logIn({ attributes: { groups: ['dev'] } }));
    await expectRefused(logIn({ nameId: 'ana' }));
  });

  it.each<[string, Partial<SamlAnswer>]>([
    ['another provider', { issuer: 'https://evil.example/saml' }],
    ['another service', { audience: 'https://other.example' }],
    ['another address of this server', { recipient: `${externalUrl}/auth/callback/other` }],
    ['another log-in', { request: '_other' }],
    ['a time that is over', { from: -600_000, until: -120_000 }],
    ['a time to come', { from: 120_000 }],
  ])('opens none for an assertion of or for %s', async (_, more) => {
    await expectRefused(logIn(more));
    expect(failures).toHaveLength(1);
  });

  it.each<[string, (assertion: string) => string]>([
    ['no conditions', (xml) => xml.replace(/<saml:Conditions.*<\/saml:Conditions>/, '')],
    ['no audience', (xml) => xml.replace(/<saml:AudienceRestriction>.*<\/saml:AudienceRestriction>/, '')],
    ['no subject', (xml) => xml.replace(/<saml:Subject>.*<\/saml:Subject>/, '')],
    ['no confirmation', (xml) => xml.replace(/<saml:SubjectConfirmation .*<\/saml:SubjectConfirmation>/, '')],
    ['no log-in that it answers', (xml) => xml.replace(/ InResponseTo="[^"]*"/, '')],
    ['no recipient', (xml) => xml.replace(/ Recipient="[^"]*"/, '')],
    ['no end', (xml) => xml.replace(/ NotOnOrAfter="[^"]*"/g, '')],
    ['a confirmation of another kind', (xml) => xml.replace('cm:bearer', 'cm:sender-vouches')],
    ['no statement about the log-in', (xml) => xml.replace(/<saml:AuthnStatement.*<\/saml:AuthnStatement>/, '')],
    ['a processing instruction', (xml) => xml.replace('ana@', 'ana<?x y?>@')],
  ])('opens none for an assertion with %s', async (_, change) => {
    await expectRefused(logIn({}, change));
  });

  it('opens none that nobody has signed, or somebody else, or with a weak algorithm', async () => {
    const sign: ((xml: string) => string)[] = [
      (xml) => xml,
      (xml) => signed(xml, newSigningKey()),
      (xml) => signed(xml, idp, { hash: 'sha1' }),
      (xml) => signed(xml, idp).replace('ana@acme.example', 'root@acme.example'),
      (xml) => signed(xml, idp).replace(/<ds:SignatureValue>[^<]{8}/, '<ds:SignatureValue>AAAAAAAA'),
    ];
    for (const each of sign) {
      const { id, cookie } = await begin();
      await expectRefused(send(responseWith(each(answerTo(id)), id), cookie));
    }
    const { id, cookie } = await begin();
    const response = signed(responseWith(answerTo(id), id), idp, { element: 'Response' });
    await expectRefused(send(response, cookie));
  });

  it('opens none for a signed assertion that is moved away from where it counts', async () => {
    const shapes: ((good: string, evil: string) => string)[] = [
      (good, evil) => evil + good,
      (good, evil) => good + evil,
      (good, evil) => evil.replace('</saml:Assertion>', `${good}</saml:Assertion>`),
      (good, evil) => evil.replace('<saml:Subject>', `<saml:Advice>${good}</saml:Advice><saml:Subject>`),
      (good, evil) => evil + `<samlp:Extensions>${good}</samlp:Extensions>`,
      (good, evil) => {
        const [signature] = /<ds:Signature .*<\/ds:Signature>/.exec(good)!;
        const moved = signature.replace('</ds:Signature>', `<ds:Object>${good.replace(signature, '')}</ds:Object>$&`);
        return evil.replace('</saml:Issuer>', `</saml:Issuer>${moved}`);
      },
    ];
    for (const shape of shapes) {
      const { id, cookie } = await begin();
      const good = signed(answerTo(id), idp);
      const evil = answerTo(id, { nameId: 'root@acme.example' });
      await expectRefused(send(responseWith(shape(good, evil), id), cookie));
      const [ownId] = / ID="[^"]+"/.exec(good)!;
      const again = await begin();
      const alike = evil.replace(/ ID="[^"]+"/, ownId);
      await expectRefused(send(responseWith(shape(good, alike), again.id), again.cookie));
    }
  });

  it('reads a name as a whole, whatever comments are in it', async () => {
    const { id, cookie } = await begin();
    const assertion = signed(answerTo(id, { nameId: 'root@acme.example.evil.example' }), idp);
    const cut = assertion.replace('acme.example.evil', 'acme.example<!---->.evil');
    await send(responseWith(cut, id), cookie);
    const subjects = (await world.sessions.list()).map(({ subject }) => subject);
    expect(subjects).toEqual(['user:root@acme.example.evil.example']);
  });

  it('opens none in a browser that did not begin it, none twice, and none that nobody asked for', async () => {
    const { id, cookie } = await begin();
    const response = responseWith(signed(answerTo(id), idp), id);
    expect((await send(response, '')).statusCode).toBe(400);
    expect((await send(response, (await begin()).cookie)).statusCode).toBe(403);
    for (const junk of ['bnVsbA', 'W10', 'x', Buffer.from('{"provider":"company"}').toString('base64url')])
      expect((await send(response, `__Host-deploy-code-saml=${junk}`)).statusCode).toBe(400);
    const unasked = responseWith(signed(answerTo(''), idp), '');
    expect((await send(unasked.replace(' InResponseTo=""', ''), cookie)).statusCode).toBe(403);
    expect(await world.sessions.list()).toEqual([]);
    const answer = await send(response, cookie);
    expect(answer.statusCode).toBe(303);
    expect(String([answer.headers['set-cookie']].flat())).toMatch(/__Host-deploy-code-saml=; Path=\/; Max-Age=0;/);
  });

  it('is not stopped by what is no response at all', async () => {
    const doctype = '<!DOCTYPE a [<!ENTITY x "ana">]><a>&x;</a>';
    const many = `<a>${'<b>'.repeat(51)}${'</b>'.repeat(51)}</a>`;
    for (const xml of ['', 'no XML', '<a>', doctype, many, '<a/><b/>', '\u0000'])
      await expectRefused(send(xml, (await begin()).cookie));
    const { cookie } = await begin();
    const huge = await send('x'.repeat(500_000), cookie);
    expect([400, 413]).toContain(huge.statusCode);
    const status = responseWith('', 'x').replace('status:Success', 'status:Responder');
    await expectRefused(send(status, (await begin()).cookie));
  });

  it('describes this server to the provider', async () => {
    const answer = await app.inject({ url: '/auth/metadata/company', headers: { host } });
    expect(answer.headers['content-type']).toContain('application/samlmetadata+xml');
    expect(answer.body).toContain(`entityID="${audience}"`);
    expect(answer.body).toMatch(/AssertionConsumerService[^>]*HTTP-POST[^>]*Location="[^"]*\/auth\/callback\/company"/);
    expect(answer.body).toContain('WantAssertionsSigned="true"');
  });

  it('has addresses for providers of its kind only', async () => {
    const oidc: Provider = { type: 'oidc', issuer: 'http://127.0.0.1:9', client_id: 'x' };
    declared.other = oidc;
    const get = async (url: string) => (await app.inject({ url, headers: { host } })).statusCode;
    expect(await get('/auth/metadata/other')).toBe(404);
    expect(await get('/auth/callback/company')).toBe(404);
    const posted = await app.inject({ method: 'POST', url: '/auth/callback/other', headers: formHeaders, payload: '' });
    expect(posted.statusCode).toBe(404);
  });
});
