// A web service of a few lines for the examples beside it: its version, its health, and what Prometheus wants to know.
const { createServer } = require('node:http');

const { VERSION = '1', ERROR_RATE = '0', PORT = '8080' } = process.env;
const answers = { 200: 0, 500: 0 };

createServer((request, response) => {
  if (request.url === '/healthz') return response.end('ok');
  if (request.url === '/metrics')
    return response.end(
      Object.entries(answers)
        .map(([code, count]) => `http_requests_total{code="${code}"} ${count}\n`)
        .join(''),
    );
  const status = Math.random() < Number(ERROR_RATE) ? 500 : 200;
  answers[status] += 1;
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ version: VERSION }));
}).listen(Number(PORT));

process.once('SIGTERM', () => process.exit(0));
