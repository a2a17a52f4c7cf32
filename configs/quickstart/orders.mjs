import { call, serve } from './serve.mjs';

const { STORE_URL, QUEUE_URL, MODE } = process.env;

if (MODE === 'broken') {
  console.error('orders: cannot read its price rules (this version is broken on purpose)');
  process.exit(1);
}

serve(
  'orders',
  {
    'GET /orders': () => call(STORE_URL, '/orders'),
    'POST /orders': async (order) => {
      const stored = await call(STORE_URL, '/orders', 'POST', order);
      await call(QUEUE_URL, '/messages', 'POST', { mail: `order ${stored.id}` });
      return stored;
    },
  },
  async () => Array.isArray(await call(STORE_URL, '/orders')),
);
