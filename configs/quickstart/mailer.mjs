import { call, serve } from './serve.mjs';

const sent = [];

setInterval(
  async () => sent.push(...(await call(process.env.QUEUE_URL, '/messages', 'DELETE').catch(() => []))),
  200,
).unref();

serve('mailer', { 'GET /sent': async () => sent });
