import fastify from 'fastify';

/** A server that answers every request with the same headers and bytes: the baseline of `bench -- server`. */
async function main([port, headers, body]: string[]): Promise<void> {
  const app = fastify();
  const fixed = JSON.parse(headers!) as Record<string, string>;
  app.get('/', async (_, reply) => reply.headers(fixed).send(body));
  await app.listen({ host: '127.0.0.1', port: Number(port) });
  console.log('ready');
}

void main(process.argv.slice(2));
