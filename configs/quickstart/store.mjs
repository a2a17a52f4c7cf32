import { serve } from './serve.mjs';

const tables = { items: [], orders: [] };

serve('store', {
  'GET /items': async () => tables.items,
  'PUT /items': async (items) => (tables.items = items),
  'GET /orders': async () => tables.orders,
  'POST /orders': async (order) => {
    const stored = { id: tables.orders.length + 1, ...order };
    tables.orders.push(stored);
    return stored;
  },
});
