/**
 * A web application for node:20, as the content of one file. `/`: JSON with its version, after LATENCY_MS, or 500 for
 * ERROR_RATE of them; `/slow`: the same after two seconds; POST: the same once the body has come. WebSockets echo text.
 * `/big?=N`: a header of N characters; `/drip`: an event, and 1.5 seconds later another one.
 * `/healthz` and `/metrics` are neither delayed nor counted; UNHEALTHY_AFTER_MS: `/healthz` answers 503 so long after
 * the first other request; FAIL_AFTER_MS: it exits 1 then. SIGTERM ends it at once, as a careless program would.
 */
export const webApp = String.raw`
const { createServer } = require('node:http');
const { createHash } = require('node:crypto');
const { VERSION = '1', LATENCY_MS = '0', ERROR_RATE = '0', PORT = '8080' } = process.env;
const { UNHEALTHY, UNHEALTHY_AFTER_MS, FAIL_AFTER_MS } = process.env;
const switching =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ';
let count = 0, failed = 0, seconds = 0, first;

const metrics = () => [
  'http_requests_total{code="200"} ' + (count - failed),
  'http_requests_total{code="500"} ' + failed,
  'http_request_seconds_sum ' + seconds,
  'http_request_seconds_count ' + count,
  '',
].join('\n');

const server = createServer({ maxHeaderSize: 131072 }, (request, response) => {
  const answer = (status, body, type = 'application/json') =>
    response.writeHead(status, { 'content-type': type }).end(body);
  const path = request.url.split('?')[0];
  const isUnhealthy = UNHEALTHY || (UNHEALTHY_AFTER_MS && Date.now() - first > Number(UNHEALTHY_AFTER_MS));
  if (path === '/healthz') return answer(isUnhealthy ? 503 : 200, '{}');
  if (path === '/metrics') return answer(200, metrics(), 'text/plain; version=0.0.4');
  first ??= Date.now();
  if (path === '/big') {
    const value = 'x'.repeat(Number(request.url.split('=')[1]));
    return response.writeHead(200, { 'set-cookie': 'a=' + value }).end('{}');
  }
  if (path === '/drip') {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
    return void setTimeout(() => response.end('data: 2\n\n'), 1500);
  }
  const begin = Date.now();
  const reply = () => {
    count += 1;
    seconds += (Date.now() - begin) / 1000;
    const fails = Math.floor(count * Number(ERROR_RATE)) > Math.floor((count - 1) * Number(ERROR_RATE));
    if (fails) failed += 1;
    answer(fails ? 500 : 200, JSON.stringify({ version: VERSION, headers: request.headers }));
  };
  request.resume().once('end', () => setTimeout(reply, path === '/slow' ? 2000 : Number(LATENCY_MS)));
});

server.on('upgrade', (request, socket) => {
  const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const accept = createHash('sha1').update(key).digest('base64');
  socket.write(switching + accept + '\r\n\r\n');
  socket.on('data', (frame) => {
    if ((frame[0] & 15) === 8) return socket.end();
    const length = frame[1] & 127;
    const text = Buffer.from(frame.subarray(6, 6 + length).map((byte, index) => byte ^ frame[2 + (index % 4)]));
    socket.write(Buffer.concat([Buffer.from([129, text.length]), text]));
  });
  socket.on('error', () => socket.destroy());
});

if (FAIL_AFTER_MS) setTimeout(() => process.exit(1), Number(FAIL_AFTER_MS));
server.listen(Number(PORT));
process.on('SIGTERM', () => process.exit(0));
`;
