import { connect } from 'node:net';
import { ApiEngine } from '../../support/api-engine';
import { SocketClient, Stream, until } from '../../support/live-clients';

const deployment = 'deployment/shop/production/4d2415e0-deploy';

describe('topics by WebSocket', () => {
  const engine = new ApiEngine();
  let server: Awaited<ReturnType<ApiEngine['serve']>>;
  let viewer: string;
  let leaver: string;
  const open: SocketClient[] = [];
  const connected = async (token = viewer, port = server.port) => {
    const client = await SocketClient.open(port, token);
    open.push(client);
    return client;
  };

  beforeAll(async () => {
    server = await engine.serve();
    viewer = engine.token([{ role: 'viewer', scope: 'shop' }]);
    leaver = engine.token([{ role: 'viewer', scope: 'shop' }]);
    engine.deploy('shop', 'production');
    engine.deploy('blog', 'production');
    engine.deployments.set(deployment, { status: 'rolling out', events: [{ code: 'a' }, { code: 'b' }] });
    engine.deployments.set('deployment/blog/production/secret', { status: 'rolling out', events: [{ code: 'a' }] });
  });
  afterEach(() => open.splice(0).forEach(({ socket }) => socket.terminate()));
  afterAll(async () => {
    await server.close();
    expect(engine.failures).toEqual([]);
  });

  it('are subscribed to and unsubscribed from, and resume', async () => {
    const client = await connected();
    client.send({ type: 'subscribe', id: 'd', topic: 'deployment:shop/production/4d2415e0-deploy', after: '1' });
    client.send({ type: 'subscribe', id: 'e', topic: 'environment:shop/production' });
    expect(await client.has(({ id }) => id === 'd', 'an event')).toEqual({
      type: 'event',
      id: 'd',
      position: '2',
      data: { code: 'b' },
    });
    await client.has(({ id, type }) => id === 'e' && type === 'state', 'the state');
    client.send({ type: 'unsubscribe', id: 'd' });
    await client.has(({ id, type }) => id === 'd' && type === 'unsubscribed', 'the end of it');
    engine.deployments.get(deployment)!.events.push({ code: 'c' });
    client.send({ type: 'ping' });
    await client.has(({ type }) => type === 'pong', 'a pong');
    client.send({ type: 'subscribe', id: 'd', topic: 'deployment:shop/production/4d2415e0-deploy', after: '2' });
    const next = await client.has(({ id, position }) => id === 'd' && position === '3', 'the next event');
    expect(next.data).toEqual({ code: 'c' });
  });

  it('come within 300 ms', async () => {
    const client = await connected();
    const events: object[] = [{ code: 'a' }];
    engine.deployments.set('deployment/shop/production/quick', { status: 'rolling out', events });
    client.send({ type: 'subscribe', id: 'd', topic: 'deployment:shop/production/quick' });
    await client.has(({ position }) => position === '1', 'the first');
    const began = Date.now();
    events.push({ code: 'b' });
    await client.has(({ position }) => position === '2', 'the second');
    expect(Date.now() - began).toBeLessThan(300);
  });

  it('are refused one by one to those who may not', async () => {
    const client = await connected();
    const foreign = ['deployment:blog/production/secret', 'environment:blog/production', 'logs:blog/production/web'];
    foreign.forEach((topic, index) => client.send({ type: 'subscribe', id: `${index}`, topic }));
    for (const index of foreign.keys()) {
      const refusal = await client.has(({ id }) => id === `${index}`, 'a refusal');
      expect(refusal).toMatchObject({ type: 'problem', problem: { code: 'forbidden', status: 403 } });
    }
    for (const [id, topic] of [
      ['x', 'deployment:shop/production/../../blog/production/secret'],
      ['y', 'deployment:shop/production/..%2fsecret'],
      ['z', 'everything'],
    ]) {
      client.send({ type: 'subscribe', id, topic });
      const refusal = await client.has((each) => each.id === id, 'a refusal');
      expect(refusal).toMatchObject({ type: 'problem', problem: { code: 'bad_input' } });
    }
    client.send({ type: 'subscribe', id: 'n', topic: 'deployment:shop/production/secret' });
    const missing = await client.has(({ id }) => id === 'n', 'a refusal');
    expect(missing).toMatchObject({ type: 'problem', problem: { code: 'not_found' } });
    client.send({ type: 'subscribe', id: 'fine', topic: 'environment:shop/production' });
    await client.has(({ id, type }) => id === 'fine' && type === 'state', 'the connection goes on');
  });

  it('end within five seconds after the token was revoked', async () => {
    const client = await connected(leaver);
    client.send({ type: 'subscribe', id: 'e', topic: 'environment:shop/production' });
    await client.has(({ type }) => type === 'state', 'the state');
    const began = Date.now();
    engine.revoke(leaver);
    const end = await client.has(({ type }) => type === 'problem', 'the end of it');
    expect(end).toMatchObject({ id: 'e', problem: { code: 'unauthenticated' } });
    expect(Date.now() - began).toBeLessThan(5000);
    client.send({ type: 'subscribe', id: 'f', topic: 'environment:shop/production' });
    await client.has(({ id, type }) => id === 'f' && type === 'problem', 'another refusal');
  });

  it.each([
    ['without a token', undefined, {}, 401],
    ['from a page of another host', 'viewer', { origin: 'https://evil.example' }, 403],
    ['from a page without an origin of its own', 'viewer', { origin: 'null' }, 403],
    ['from another port of this host', 'viewer', { origin: 'http://127.0.0.1:1' }, 403],
    ['for another host', 'viewer', { host: 'evil.example' }, 400],
  ])('are refused %s before the handshake', async (_, token, headers, status) => {
    const opening = SocketClient.open(server.port, token && viewer, { headers });
    await expect(opening).rejects.toThrow(`Unexpected server response: ${status}`);
  });

  it('are open to a page of this server', async () => {
    const own = { origin: `http://127.0.0.1:${server.port}` };
    const client = await SocketClient.open(server.port, viewer, { headers: own });
    client.send({ type: 'ping' });
    await client.has(({ type }) => type === 'pong', 'a pong');
    client.socket.terminate();
  });

  it.each([
    ['too large', JSON.stringify({ type: 'ping', more: 'x'.repeat(9000) }), 1009],
    ['no JSON', '{', 1007],
    ['of no known type', '{"type":"eval"}', 1007],
    ['with more than it may have', '{"type":"ping","x":1}', 1007],
    ['bytes', Buffer.from('{"type":"ping"}'), 1007],
  ])('close a connection whose message is %s', async (_, message, code) => {
    const client = await connected();
    client.socket.send(message);
    expect(await client.closedWith()).toBe(code);
  });

  it('are bounded in number, and so are messages in a second', async () => {
    const client = await connected();
    for (let index = 0; index < 21; index += 1)
      client.send({ type: 'subscribe', id: `${index}`, topic: 'environment:shop/production' });
    const refusal = await client.has(({ type }) => type === 'problem', 'a refusal');
    expect(refusal).toMatchObject({ id: '20', problem: { code: 'too_many' } });
    client.send({ type: 'subscribe', id: '1', topic: 'environment:shop/production' });
    await client.has(({ id, type }) => id === '1' && type === 'problem', 'no id twice');
    for (let index = 0; index < 60; index += 1) client.send({ type: 'ping' });
    expect(await client.closedWith()).toBe(1008);
    const few = await engine.serve({ streamsPerCaller: 1 });
    await connected(viewer, few.port);
    const second = await connected(viewer, few.port);
    expect(await second.closedWith()).toBe(1008);
    await few.close();
  });

  it('wait for a slow reader, tell one who is too far behind, and serve the others meanwhile', async () => {
    engine.write('web-1', 'begin');
    const [fast, slow] = [await connected(), await connected()];
    for (const each of [fast, slow]) each.send({ type: 'subscribe', id: 'l', topic: 'logs:shop/production/web' });
    for (const each of [fast, slow]) await each.has(({ type }) => type === 'state', 'where it begins');
    slow.socket.pause();
    const block = Array.from({ length: 800 }, () => 'x'.repeat(4000));
    const received = () => fast.messages.filter(({ type }) => type === 'lines').length;
    for (let round = 1; round <= 6; round += 1) {
      engine.write('web-1', ...block);
      await until(() => received() >= round, `round ${round}`);
    }
    slow.socket.resume();
    const end = await slow.has(({ type }) => type === 'slow', 'that it is too far behind');
    expect(end).toMatchObject({ id: 'l', data: { detail: expect.stringContaining('resume') as string } });
    expect(fast.messages.some(({ type }) => type === 'slow')).toBe(false);
  }, 60_000);

  it('are closed by a server that stops, with the code to connect again', async () => {
    const other = await engine.serve();
    const client = await connected(viewer, other.port);
    client.send({ type: 'subscribe', id: 'e', topic: 'environment:shop/production' });
    await client.has(({ type }) => type === 'state', 'the state');
    await other.close();
    expect(await client.closedWith()).toBe(1012);
  });

  it('leave other addresses without WebSockets, and broken handshakes without a connection', async () => {
    const stream = await Stream.open(`http://127.0.0.1:${server.port}/api/v1/whoami`, viewer);
    expect(stream.status).toBe(200);
    const socket = connect(server.port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString())).on('error', () => undefined);
    socket.write(
      `GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${viewer}\r\n` +
        'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    await until(() => answer !== '', 'an answer');
    expect(answer).toMatch(/^HTTP\/1\.1 400/);
    socket.destroy();
  });
});
