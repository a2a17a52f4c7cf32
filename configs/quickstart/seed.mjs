import { call } from './serve.mjs';

const items = [
  { name: 'coffee', price: 3 },
  { name: 'tea', price: 2 },
];
await call(process.env.STORE_URL, '/items', 'PUT', items);
console.log(`seeded ${items.length} items`);
