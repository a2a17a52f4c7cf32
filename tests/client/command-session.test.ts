import { CommandSession } from '../../src/client/command-session';
import { ChannelKey } from '../../src/guard/sealed-channel';
import { kinds } from '../../src/model/session';

describe('a command in an instance', () => {
  /** A command that has written pieces and ended; an answer has one message at most. */
  const ended = (pieces: number, failAt = Infinity) => {
    const [client, worker] = [new ChannelKey(), new ChannelKey()];
    const channel = worker.channel('worker', client.publicKey);
    const sealed = Array.from({ length: pieces }, (_, index) =>
      channel.seal(Buffer.concat([Buffer.from([kinds.stdout]), Buffer.from(`${index} `)])),
    );
    const messages = [worker.publicKey, ...sealed];
    return {
      key: client,
      path: {
        read: async (from: number) => {
          if (from >= failAt) throw new Error('the engine is away');
          return messages.slice(from, from + 1);
        },
        send: async () => undefined,
        result: async () => ({ exitCode: 3 }),
      },
    };
  };

  it('has passed on all of its output when its exit code is told, however many answers that takes', async () => {
    const { key, path } = ended(40);
    let output = '';
    const session = new CommandSession(path, key, { onOutput: (_, bytes) => (output += bytes.toString()) });
    expect(await session.exitCode()).toBe(3);
    expect(output.trim().split(' ')).toHaveLength(40);
  });

  it('fails if a part of its output cannot be read', async () => {
    const { key, path } = ended(40, 20);
    const session = new CommandSession(path, key, { onOutput: () => undefined });
    await expect(session.exitCode()).rejects.toThrow('the engine is away');
  });
});
