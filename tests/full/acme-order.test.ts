import { X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { CertificateRefused, orderCertificate, type OrderOptions } from '../../src/activities/certificates/order';
import { newKey } from '../../src/activities/certificates/self-signed';
import { freePort } from '../../src/guard/free-port';
import { uniqueName } from '../support/stack';
import { describeUnless } from '../support/parts';
import { missingPebble, Pebble } from '../support/pebble';

jest.setTimeout(120_000);

describeUnless(missingPebble(), 'an order at a CA', () => {
  let pebble: Pebble;
  let server: Server;
  let answers = new Map<string, string>();
  let asked: string[] = [];
  const account = newKey();

  beforeAll(async () => {
    const httpPort = await freePort();
    server = createServer(({ url = '' }, response) => {
      const token = url.replace('/.well-known/acme-challenge/', '');
      asked.push(token);
      response.statusCode = answers.has(token) ? 200 : 404;
      response.end(answers.get(token));
    });
    await new Promise<void>((listening) => server.listen(httpPort, '127.0.0.1', listening));
    pebble = await Pebble.start({ httpPort, lifetime: 3600 });
  });
  beforeEach(() => {
    answers = new Map();
    asked = [];
  });
  afterAll(() => {
    pebble.stop();
    server.close();
  });

  const hostsOf = (...names: string[]) => names.map((name) => `${uniqueName(name)}.example.com`).sort();
  const order = (hosts: string[], change: Partial<OrderOptions> = {}) =>
    orderCertificate({
      wish: { hosts, directory: pebble.directory, email: 'ops@example.com' },
      account,
      key: newKey(),
      authorities: [pebble.authority],
      signal: new AbortController().signal,
      remember: () => undefined,
      answer: (wanted) => {
        answers = new Map(wanted.map(({ token, answer }) => [token, answer]));
        return Promise.resolve();
      },
      ...change,
    });

  it('gets a certificate of all names, again with the same account, and takes its answers away', async () => {
    const hosts = hostsOf('a', 'b');
    const wish = { hosts, directory: pebble.directory };
    const addresses = [{}, {}, { email: 'ops@example.com' }, { email: 'ops@example.com' }, { email: 'b@example.com' }];
    for (const address of addresses) {
      const { pem, notAfter } = await order(hosts, { wish: { ...wish, ...address } });
      const [leaf] = pem
        .match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g)!
        .map((each) => new X509Certificate(each));
      for (const host of hosts) expect(leaf!.checkHost(host, { subject: 'never' })).toBe(host);
      expect(notAfter).toBeGreaterThan(Date.now());
      expect(answers.size).toBe(0);
    }
  });

  it('continues the order of an attempt that was cut off, wherever that was', async () => {
    const hosts = hostsOf('cut');
    const key = newKey();
    const crash = new AbortController();
    const orders: string[] = [];
    const remember = (url: string) => orders.push(url);
    const cut = order(hosts, {
      key,
      remember,
      signal: crash.signal,
      answer: (wanted) => {
        answers = new Map(wanted.map(({ token, answer }) => [token, answer]));
        crash.abort(new Error('crashed'));
        return Promise.resolve();
      },
    });
    await expect(cut).rejects.toThrow('crashed');
    await order(hosts, { key, remember, earlier: orders[0] });
    const { pem } = await order(hosts, { key, remember, earlier: orders[0] });
    expect(new Set(orders).size).toBe(1);
    expect(pem).toContain('BEGIN CERTIFICATE');
    await order(hostsOf('other'), { remember, earlier: orders[0] });
    await order(hosts, { key, remember, earlier: `${pebble.directory}/no-order` });
    expect(new Set(orders).size).toBe(3);
  });

  it('puts its answers in place again while the CA looks', async () => {
    let puts = 0;
    await order(hostsOf('late'), {
      answer: (wanted) => {
        puts += 1;
        answers = new Map(wanted.map(({ token, answer }) => [token, answer]));
        return puts === 2 ? Promise.reject(new Error('no load balancer runs')) : Promise.resolve();
      },
    });
    expect(puts).toBeGreaterThan(1);
  });

  it('says in the words of the CA what it refuses, and that it counts', async () => {
    const [host] = hostsOf('lost') as [string];
    await pebble.lose(host);
    const refused = order([host]);
    await expect(refused).rejects.toBeInstanceOf(CertificateRefused);
    const { message, refusal } = (await refused.catch((error: CertificateRefused) => error)) as CertificateRefused;
    expect(message).toMatch(new RegExp(`^the CA 127.0.0.1:\\d+ refuses ${host}: .*\\((dns|connection)\\)$`));
    expect(refusal).toEqual({ isFailedValidation: true });
    expect(asked).toEqual([]);
  });

  it('reports a CA that it does not trust, and one that is away', async () => {
    await expect(order(hostsOf('x'), { authorities: [] })).rejects.toThrow(/the CA 127.0.0.1:\d+ does not answer/);
    const away = { hosts: hostsOf('x'), directory: `https://127.0.0.1:${await freePort()}/dir` };
    await expect(order([], { wish: away })).rejects.toThrow('does not answer (ECONNREFUSED)');
  });

  it('ends when its signal aborts', async () => {
    const stop = new AbortController();
    const stopped = order(hostsOf('slow'), {
      signal: stop.signal,
      answer: () => {
        stop.abort(new Error('stopped'));
        return Promise.resolve();
      },
    });
    await expect(stopped).rejects.toThrow('stopped');
  });
});
