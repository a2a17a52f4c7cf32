import { createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connect } from '../../src/temporal/connection';

describe('a call to Temporal', () => {
  let server: Http2Server;
  let refused = 0;

  beforeAll(async () => {
    server = createServer();
    server.on('stream', (stream, headers) => {
      const headersOfCall = { ':status': 200, 'content-type': 'application/grpc' };
      if (/GetSystemInfo|DescribeNamespace/.test(String(headers[':path']))) {
        stream.respond(headersOfCall, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(Buffer.alloc(5));
      } else {
        refused += 1;
        stream.respond({ ...headersOfCall, 'grpc-status': '14' }, { endStream: true });
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it('fails if its connection is closed while it waits for its next try', async () => {
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = await connect({ connection: { address }, namespace: 'default' });
    const listed = client.connection.workflowService.listNamespaces({});
    listed.catch(() => undefined);
    while (refused < 1) await new Promise((resolve) => setImmediate(resolve));
    await client.connection.close();
    await expect(listed).rejects.toMatchObject({ details: expect.stringMatching(/shut down|closed/i) });
  });
});
