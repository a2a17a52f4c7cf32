const { createServer } = require('node:http');
const { connect } = require('node:net');
const { existsSync } = require('node:fs');

const answers = {
  '/healthz': () => 'ok',
  '/env': () => JSON.stringify(process.env),
  '/files': () => JSON.stringify({ env: existsSync('.env'), marker: existsSync('node_modules/marker') }),
};
createServer((request, response) => {
  if (request.url !== '/db') return void response.end(answers[request.url]?.() ?? 'hello');
  const { hostname, port } = new URL(process.env.DATABASE_URL);
  const socket = connect(Number(port), hostname, () => response.end('reached'));
  socket.on('connect', () => socket.end()).on('error', (error) => response.end(error.message));
}).listen(Number(process.env.PORT));
