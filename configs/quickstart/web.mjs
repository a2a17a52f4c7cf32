import { call, serve } from './serve.mjs';

const { CATALOGUE_URL, ORDERS_URL, MAILER_URL } = process.env;

const overview = async () => ({
  shop: 'quickstart',
  items: await call(CATALOGUE_URL, '/items'),
  orders: await call(ORDERS_URL, '/orders'),
  mails: await call(MAILER_URL, '/sent'),
  order: 'curl -X POST -d \'{"item": "coffee"}\' localhost:' + process.env.PORT + '/orders',
});

serve(
  'web',
  {
    'GET /': overview,
    'GET /orders': () => call(ORDERS_URL, '/orders'),
    'POST /orders': (order) => call(ORDERS_URL, '/orders', 'POST', order),
  },
  async () => Array.isArray((await overview()).items),
);
