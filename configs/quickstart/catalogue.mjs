import { call, serve } from './serve.mjs';

const items = () => call(process.env.STORE_URL, '/items');

serve('catalogue', { 'GET /items': items }, async () => Array.isArray(await items()));
