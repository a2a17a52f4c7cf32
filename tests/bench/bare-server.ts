import fastify from 'fastify';

/** A server that answers every request with the same bytes, as JSON: the baseline of `bench -- server`. */
async function main([port, body]: string[]): Promise<void> {
  const app = fastify();
  app.get('/', async (_, reply) => reply.type('application/json; charset=utf-8').send(body));
  await app.listen({ host: '127.0.0.1', port: Number(port) });
  console.log('ready');
}

void main(process.argv.slice(2));
