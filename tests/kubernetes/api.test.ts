import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubernetesApi } from '../../src/runtimes/kubernetes/api';
import { ask } from '../../src/runtimes/kubernetes/pods/ask';
import { scopeLabels } from '../../src/kubernetes/names';
import { oldVersionOf } from '../../src/runtimes/kubernetes/api/version';

describe('an API server', () => {
  let server: Server;
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const answering = async (listener: RequestListener): Promise<KubernetesApi> => {
    server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return new KubernetesApi({
      name: 'test',
      server: new URL(`http://127.0.0.1:${port}`),
      security: async () => ({ headers: {} }),
    } as unknown as ConstructorParameters<typeof KubernetesApi>[0]);
  };
  const saying = (version: object) => answering((_, response) => response.end(JSON.stringify(version)));

  it.each([
    ['1', '34', undefined],
    ['1', '30+', undefined],
    ['2', '0', undefined],
    ['1', '29', 'v1.29'],
    ['1', '28+', 'v1.28+'],
  ])('of version %s.%s is too old: %s', async (major, minor, tooOld) => {
    const api = await saying({ major, minor, gitVersion: `v${major}.${minor}` });
    expect(await oldVersionOf(api)()).toBe(tooOld);
  });

  describe('that passes a question on to a pod', () => {
    const pod = {
      metadata: { name: 'prometheus-1', labels: scopeLabels({ stack: 'shop', environment: 'test' }) },
      spec: { containers: [{ name: 'prometheus' }] },
      status: { containerStatuses: [{ name: 'prometheus', state: { running: {} } }] },
    };
    const beforePod = (proxied: RequestListener) =>
      answering((request, response) => {
        if (request.url!.includes('/proxy/')) return proxied(request, response);
        if (request.url!.includes('/pods/')) return void response.end(JSON.stringify(pod));
        if (request.url!.includes('/pods')) return void response.end(JSON.stringify({ items: [] }));
        response.statusCode = 404;
        response.end();
      });

    it('gives its answer, also where that is a refusal', async () => {
      const seen: string[] = [];
      const api = await beforePod((request, response) => {
        seen.push(request.url!);
        response.statusCode = 400;
        response.end('{"status":"error","error":"parse error"}');
      });
      expect(
        await ask(
          { api, scope: { stack: 'shop', environment: 'test' } },
          'shop-test/prometheus-1',
          new URL('https://prometheus:9090/api/v1/query?query=up%7B%7D'),
          1000,
        ),
      ).toBe('{"status":"error","error":"parse error"}');
      expect(seen).toEqual([
        '/api/v1/namespaces/shop-test/pods/https:prometheus-1:9090/proxy/api/v1/query?query=up%7B%7D',
      ]);
    });

    it('tells what the server itself has to say', async () => {
      const api = await beforePod((_, response) => {
        response.statusCode = 403;
        response.end(
          JSON.stringify({
            kind: 'Status',
            message: 'pods "prometheus-1" is forbidden: User "x" cannot get resource "pods/proxy"',
          }),
        );
      });
      await expect(
        ask(
          { api, scope: { stack: 'shop', environment: 'test' } },
          'shop-test/prometheus-1',
          new URL('http://prometheus:9090/'),
          1000,
        ),
      ).rejects.toThrow('see the roles in configs/kubernetes');
    });

    it('waits no longer than it shall', async () => {
      const api = await beforePod(() => undefined);
      await expect(
        ask(
          { api, scope: { stack: 'shop', environment: 'test' } },
          'shop-test/prometheus-1',
          new URL('http://prometheus:9090/'),
          50,
        ),
      ).rejects.toThrow();
    });
  });
});
