import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { bareHost, lookupElsewhere, refuseSurroundings } from '../../guard/addresses';
import { PeerFailure } from '../../guard/deadline';

const crlf = '\r\n';

/**
 * Sends commands to Redis over a new connection, and resolves once each has its reply
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/). Supports one-line replies only, all that these
 * commands have, and rejects longer ones: client libraries buffer replies without a limit.
 * @throws PeerFailure if the peer refuses a command, sends anything else, or closes the connection
 */
export async function sendCommands(url: URL, commands: readonly string[][], signal: AbortSignal): Promise<void> {
  const socket = open(url);
  const abort = () => socket.destroy();
  signal.addEventListener('abort', abort, { once: true });
  try {
    const replies = readReplies(socket, commands.length);
    socket.write(commands.map(encode).join(''));
    const refusal = (await replies).find((reply) => reply.startsWith('-'));
    if (refusal !== undefined) throw new PeerFailure(`Redis refuses: ${refusal.slice(1)}`);
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

function open({ protocol, hostname, port }: URL): Socket {
  const host = bareHost(hostname);
  refuseSurroundings(host);
  const at = { host, port: Number(port || 6379), lookup: lookupElsewhere };
  return protocol === 'rediss:' ? connectTls({ ...at, ...(isIP(host) === 0 && { servername: host }) }) : connect(at);
}

/** Length-prefixed words: no word can be read as another command. */
function encode(words: string[]): string {
  return [`*${words.length}`, ...words.flatMap((word) => [`$${Buffer.byteLength(word)}`, word]), ''].join(crlf);
}

const longestReply = 1024;

function readReplies(socket: Socket, count: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const replies = new Replies();
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      if (!replies.add(chunk)) reject(new PeerFailure('its answer is not a Redis reply'));
      else if (replies.all.length >= count) resolve(replies.all);
    });
    socket.once('error', (error: NodeJS.ErrnoException) =>
      reject(new PeerFailure(`no answer (${error.code ?? error.message})`)),
    );
    socket.once('close', () => reject(new PeerFailure('no answer (the connection was closed)')));
  });
}

/** Parses one-line replies: `+OK`, `-ERR why`, `:1`, or a length and then the text. */
class Replies {
  readonly all: string[] = [];
  private rest = '';
  private isText = false;

  /** False if the data is not such a reply. */
  add(chunk: string): boolean {
    const lines = (this.rest + chunk).split(crlf);
    this.rest = lines.pop()!;
    return lines.every((line) => this.take(line)) && this.rest.length <= longestReply;
  }

  private take(line: string): boolean {
    const isWhole = this.isText || /^[-+:]/.test(line);
    if (isWhole) this.all.push(line);
    this.isText = !isWhole && /^\$\d{1,4}$/.test(line);
    return (isWhole || this.isText) && line.length <= longestReply;
  }
}
