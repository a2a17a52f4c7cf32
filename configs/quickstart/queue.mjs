import { serve } from './serve.mjs';

const messages = [];

serve('queue', {
  'POST /messages': async (message) => ({ waiting: messages.push(message) }),
  'DELETE /messages': async () => messages.splice(0),
});
