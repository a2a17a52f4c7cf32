import type { Command } from 'commander';
import { hostPort } from '../../model/names/host-port';
import { list, positive } from '../options';
import { complain, say } from '../output/terminal';

interface CodecOptions {
  port: number;
  host: string;
  origin: string;
  allowHost?: string[];
}

interface KeyOptions {
  id?: string;
}

/** Adds the commands for encryption: keys, and the codec server for the Temporal UI. */
export function addCodec(program: Command): void {
  const codec = program
    .command('codec')
    .description('encryption of payloads: keys, and a codec server for the Temporal UI');

  codec
    .command('key')
    .description(
      'print a new key, as a line for the file in DEPLOY_CODE_ENCRYPTION_KEY_FILE; the key in its first ' +
        'line encrypts',
    )
    .option('--id <name>', "key name, stored beside the encrypted data (default: k and today's date)")
    .action(async ({ id = `k${new Date().toISOString().slice(0, 10)}` }: KeyOptions) => {
      const { newKey, parseKeys } = await import('../../payloads/keys.js');
      const key = newKey(id);
      parseKeys(key, '--id');
      say(key);
    });

  codec
    .command('serve')
    .description(
      'decode payloads for the Temporal UI and CLI; with DEPLOY_CODE_CODEC_TOKEN, requests need it as a ' +
        'bearer token',
    )
    .option('--port <port>', 'port', positive, 8234)
    .option('--host <address>', 'listen address; use your own proxy to give others access', '127.0.0.1')
    .option('--origin <url>', 'origin of the Temporal UI, as browsers send it', 'http://localhost:8233')
    .option('--allow-host <names>', 'additional host names for requests, such as that of a proxy', list)
    .action(serve);
}

async function serve({ port, host, origin, allowHost }: CodecOptions): Promise<void> {
  const [{ payloadCodec }, { keysOf }, { serveCodec }, { guardProcess }] = await Promise.all([
    import('../../payloads/codec.js'),
    import('../../payloads/keys.js'),
    import('../../payloads/server.js'),
    import('../../guard/process.js'),
  ]);
  const keys = keysOf(process.env);
  const token = process.env.DEPLOY_CODE_CODEC_TOKEN || undefined;
  const onFailure = (error: Error) => complain(`a request failed: ${error.message}`);
  const server = await serveCodec({
    port,
    host,
    allowedHosts: allowHost,
    origin,
    token,
    codec: payloadCodec(keys, { acceptPlain: true }),
    onFailure,
  });
  guardProcess({ onError: onFailure, stop: () => server.close() });
  const notes = [
    ...(keys ? [] : ['without keys, it only decompresses']),
    ...(token === undefined ? ['without a token, anyone who can reach it can decode everything'] : []),
  ];
  say([`codec server at http://${hostPort(host, port)} for ${origin}`, ...notes].join('; '));
}
