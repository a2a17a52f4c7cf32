import { ApiEngine } from '../../support/api-engine';
import { Stream, until } from '../../support/live-clients';

const deployment = 'deployment/shop/production/4d2415e0-deploy';
const topic = 'deployment:shop/production/4d2415e0-deploy';

describe('topics as server-sent events', () => {
  const engine = new ApiEngine();
  let server: Awaited<ReturnType<ApiEngine['serve']>>;
  let viewer: string;
  let revoked: string;
  let withdrawn: string;
  let own: string;
  const open: Stream[] = [];
  const follow = async (query: string, token = viewer, headers: Record<string, string> = {}, port = server.port) => {
    const stream = await Stream.open(`http://127.0.0.1:${port}/api/v1${query}`, token, headers);
    open.push(stream);
    return stream;
  };

  beforeAll(async () => {
    server = await engine.serve({ streamsPerCaller: 30 });
    viewer = engine.token([{ role: 'viewer', scope: 'shop' }]);
    revoked = engine.token([{ role: 'viewer', scope: 'shop' }]);
    withdrawn = engine.token([{ role: 'viewer', scope: 'shop/production' }], { subject: 'user:leaver' });
    own = engine.token([{ role: 'viewer', scope: 'shop' }]);
    engine.deploy('shop', 'production');
    engine.deploy('blog', 'production');
  });
  beforeEach(() =>
    engine.deployments.set(deployment, { status: 'rolling out', events: [{ code: 'a' }, { code: 'b' }] }),
  );
  afterEach(() => open.splice(0).forEach((stream) => stream.close()));
  afterAll(async () => {
    await server.close();
    expect(engine.failures).toEqual([]);
  });

  it('tell the events of a deployment, and resume after the last one that somebody has', async () => {
    const first = await follow(`/live?topics=${topic}`);
    const second = await first.has(({ data }) => (data.data as { code?: string }).code === 'b', 'the second event');
    expect(second).toEqual({ event: 'event', id: '2', data: { topic, data: { code: 'b' } } });
    first.close();
    const elsewhere = await engine.serve();
    engine.deployments.get(deployment)!.events.push({ code: 'c' });
    const rest = await follow(`/live?topics=${topic}`, viewer, { 'last-event-id': '2' }, elsewhere.port);
    await rest.has(({ event }) => event === 'event', 'an event');
    engine.deployments.get(deployment)!.status = 'succeeded';
    await rest.has(({ event }) => event === 'end', 'the end');
    await rest.ended();
    expect(rest.messages.filter(({ event }) => event === 'event')).toEqual([
      { event: 'event', id: '3', data: { topic, data: { code: 'c' } } },
    ]);
    await elsewhere.close();
  });

  it('are read once, however many follow', async () => {
    engine.deployments.set('deployment/shop/production/long', { status: 'rolling out', events: [] });
    await Promise.all(Array.from({ length: 20 }, () => follow('/live?topics=deployment:shop/production/long')));
    for (const stream of open) await stream.has(({ event }) => event === 'state', 'the state');
    const before = engine.reads.progress;
    const began = Date.now();
    await until(() => engine.reads.progress >= before + 5, 'five reads');
    expect(engine.reads.progress - before).toBeLessThan((Date.now() - began) / 20 + 10);
  });

  it('tell the state of an environment and the health of its instances, now and after a change', async () => {
    const stream = await follow('/live?topics=environment:shop/production');
    const said = () => stream.messages.map(({ data }) => JSON.stringify(data));
    await until(() => said().some((each) => each.includes('"health":"healthy"')), 'the health');
    expect(said().some((each) => each.includes('"current":{"deployment":1'))).toBe(true);
    engine.deploy('shop', 'production', { running: { workflowId: deployment, deployment: 2 } });
    engine.health = 'unhealthy';
    await until(() => said().some((each) => each.includes('"running"')), 'the deployment that runs');
    await until(() => said().some((each) => each.includes('"health":"unhealthy"')), 'the new health');
    expect(stream.messages.filter(({ event }) => event === 'state')).toHaveLength(2);
  });

  it('tell log lines since now or with a tail, of later instances too, and resume at another server', async () => {
    engine.write('web-1', 'old 1', 'old 2');
    const now = await follow('/live?topics=logs:shop/production');
    const tailed = await follow('/live?topics=logs:shop/production&tail=1');
    const start = await now.has(({ event }) => event === 'state', 'where it begins');
    expect(start.id).toMatch(/^l/);
    await tailed.has(({ event }) => event === 'state', 'where it begins');
    engine.write('web-1', 'new 1');
    engine.write('api-1', 'born');
    const linesOf = ({ messages }: Stream) =>
      messages
        .filter(({ event }) => event === 'lines')
        .flatMap(({ data }) => (data.data as { lines: string[] }).lines)
        .sort();
    await until(() => linesOf(now).length === 2, 'the new lines');
    expect(linesOf(now)).toEqual(['born', 'new 1']);
    await until(() => linesOf(tailed).length === 3, 'the new lines');
    expect(linesOf(tailed)).toEqual(['born', 'new 1', 'old 2']);
    const last = now.messages.findLast(({ event }) => event === 'lines')!.id!;
    now.close();
    engine.write('web-1', 'missed 1', 'missed 2');
    const elsewhere = await engine.serve();
    for (const { port } of [server, elsewhere]) {
      const rest = await follow('/live?topics=logs:shop/production', viewer, { 'last-event-id': last }, port);
      await until(() => linesOf(rest).length === 2, 'what was missed');
      expect(linesOf(rest)).toEqual(['missed 1', 'missed 2']);
    }
    await elsewhere.close();
  });

  it('tell the lines of one service only, if the topic names one', async () => {
    engine.write('web-1', 'of web');
    engine.write('api-1', 'of api');
    const stream = await follow('/live?topics=logs:shop/production/api&tail=1');
    await stream.has(({ event }) => event === 'lines', 'lines');
    expect(stream.text).toContain('of api');
    expect(stream.text).not.toContain('of web');
  });

  it('share one connection, whose ids say where each of them resumes', async () => {
    const events = [{ code: 'a' }, { code: 'b' }];
    engine.deployments.set('deployment/shop/production/shared', { status: 'rolling out', events });
    const topics = 'deployment:shop/production/shared,environment:shop/production,logs:shop/production';
    const stream = await follow(`/live?topics=${topics}`);
    await until(() => stream.messages.some(({ id }) => id?.startsWith('2~-~l') === true), 'an id of all three');
    const { id } = stream.messages.findLast((each) => each.id !== undefined)!;
    stream.close();
    events.push({ code: 'c' });
    const rest = await follow(`/live?topics=${topics}`, viewer, { 'last-event-id': id! });
    const event = await rest.has((each) => each.event === 'event', 'an event');
    expect(event.data.data).toEqual({ code: 'c' });
    expect(rest.messages.some((each) => each.event === 'state')).toBe(true);
  });

  it('end within five seconds after the token was revoked or the role withdrawn', async () => {
    const streams = [
      await follow('/live?topics=environment:shop/production', revoked),
      await follow('/live?topics=environment:shop/production,logs:shop/production', withdrawn),
      await follow('/environments/shop/production/deployments/long/events', withdrawn),
      await follow('/environments/shop/production/logs?follow=true', withdrawn),
    ];
    engine.revoke(revoked);
    engine.state.bindings = engine.state.bindings.filter(({ subject }) => subject !== 'user:leaver');
    for (const stream of streams) await stream.ended(5000);
    expect(streams[0]!.text).toContain('"code":"unauthenticated"');
    for (const each of [1, 2]) expect(streams[each]!.text).toContain('"code":"forbidden"');
  });

  it('are refused with what is wrong', async () => {
    const refusals: [string, number, Record<string, string>?][] = [
      ['/live', 400],
      ['/live?topics=x', 400],
      ['/live?topics=environment:shop', 400],
      ['/live?topics=environment:shop/production/web', 400],
      ['/live?topics=logs:shop/production/..', 400],
      ['/live?topics=deployment:shop/production/..%2f..', 400],
      [`/live?topics=${Array.from({ length: 11 }, (_, each) => `logs:shop/e${each}`).join(',')}`, 400],
      ['/live?topics=logs:shop/production,logs:shop/production', 400],
      ['/live?topics=environment:blog/production', 403],
      ['/live?topics=environment:shop/production,environment:blog/production', 403],
      ['/live?topics=environment:shop/production', 400, { 'last-event-id': '1~2' }],
      ['/live?topics=environment:shop/production', 403, { origin: 'https://evil.example' }],
    ];
    for (const [query, status, headers = {}] of refusals) {
      const stream = await follow(query, viewer, headers);
      expect([query, stream.status]).toEqual([query, status]);
      expect(stream.type).toContain('application/problem+json');
    }
  });

  it.each(['x', `l${'A'.repeat(5000)}`, 'l', '-1'])('say so if %.5j is no position of logs', async (position) => {
    const stream = await follow('/live?topics=logs:shop/production', viewer, { 'last-event-id': position });
    await stream.ended();
    expect(stream.text).toContain('this is not a position');
  });

  it('say so if there is no such deployment', async () => {
    const stream = await follow(`/live?topics=deployment:shop/production/none`);
    await stream.ended();
    expect(stream.messages).toMatchObject([{ event: 'problem', data: { data: { code: 'not_found' } } }]);
    expect((await follow('/environments/shop/production/deployments/none/events')).status).toBe(404);
  });

  it('are bounded for one caller, and free again when they end', async () => {
    const few = await engine.serve({ streamsPerCaller: 2 });
    const one = () => follow('/live?topics=environment:shop/production', own, {}, few.port);
    const streams = [await one(), await one()];
    expect((await one()).status).toBe(429);
    expect((await follow('/live?topics=environment:shop/production', viewer, {}, few.port)).status).toBe(200);
    streams[0]!.close();
    await until(() => streams[0]!.isOver, 'the end');
    for (let status = 0; status !== 200;) status = (await one()).status;
    await few.close();
  });

  it('follow logs as text, as lines of JSON, and as events', async () => {
    engine.write('web-1', 'before');
    const path = '/environments/shop/production/logs?follow=true&services=web&tail=1';
    const [text, json, events] = await Promise.all(
      ['*/*', 'application/x-ndjson', 'text/event-stream'].map((accept) => follow(path, viewer, { accept })),
    );
    await until(() => text!.text.includes('\n'), 'a line');
    engine.write('web-1', 'after');
    await until(() => text!.text.includes('after'), 'the new line');
    expect([text!.type, text!.text]).toEqual(['text/plain; charset=utf-8', 'web-1 | before\nweb-1 | after\n']);
    await until(() => json!.text.includes('after'), 'the new line');
    const last = JSON.parse(json!.text.trim().split('\n').at(-1)!) as { id: string; data: object };
    expect(last).toMatchObject({ name: 'lines', data: { instance: 'web-1', service: 'web', lines: ['after'] } });
    await events!.has(({ data }) => JSON.stringify(data).includes('after'), 'the new line');
    engine.write('web-1', 'later');
    const rest = await follow(`${path}&after=${last.id}`, viewer);
    await until(() => rest.text.includes('later'), 'the rest');
    expect(rest.text).toBe('web-1 | later\n');
  });
});
