import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { monotonicMs } from '../../guard/monotonic';
import { ChannelKey, type SealedChannel } from '../../guard/sealed-channel';
import {
  aliveWithinMs,
  interrupted,
  kinds,
  largestStream,
  longestSessionMs,
  readAgainIn,
  type SessionRequest,
} from '../../model/session';
import type { OpenCommand } from '../../runtimes/open-command';
import type { StepContext } from '../contract';
import type { Dependencies } from '../dependencies';
import { SoftwareFault } from '../failures';
import { SessionOutput } from './session-output';

/** Without input, only the end of the client has to be noticed. */
const readWithoutInputMs = 1000;

/**
 * Runs a command in an instance while its input and output pass through the workflow, encrypted for the client.
 * @throws SoftwareFault if the client has no valid key, or if a limit is reached; the command is ended then, and also
 *   when the client is gone
 */
export async function converse(
  { runtimes, secrets, directory }: Dependencies,
  context: StepContext,
  instance: string,
  command: string[],
  request: SessionRequest,
  signal: AbortSignal,
): Promise<number> {
  const { workflowId } = Context.current().info.workflowExecution!;
  const own = new ChannelKey();
  const channel = channelWith(own, request.key);
  await secrets.learn(context.secrets, context.envFiles);
  const output = new SessionOutput(channel, {
    mask: (text) => secrets.mask(text),
    send: (sealed) => directory.writeSession(workflowId, sealed),
  });
  const open = await runtimes(context).openCommand(instance, command, { ...request, onOutput: output.take });
  const over = new AbortController();
  let hasEnded = false;
  try {
    await directory.writeSession(workflowId, own.publicKey);
    const input = new SessionInput(channel, open, (from) => directory.readSession(workflowId, from));
    const exitCode = await Promise.race([
      open.ended.finally(() => (hasEnded = true)),
      input.pass(request.input, over.signal),
      output.pass(over.signal),
      failsAfter(longestSessionMs, over.signal),
      cancelled(signal),
    ]);
    await output.finish();
    return exitCode;
  } finally {
    over.abort();
    if (!hasEnded) await open.kill();
  }
}

function channelWith(own: ChannelKey, key: string): SealedChannel {
  try {
    return own.channel('worker', key);
  } catch {
    throw new SoftwareFault('the key of the client is not a public key for X25519');
  }
}

/** Passes the messages of the client on to the command. */
class SessionInput {
  private read = 0;
  private size = 0;
  private lastAt = monotonicMs();

  constructor(
    private readonly channel: SealedChannel,
    private readonly command: OpenCommand,
    private readonly readFrom: (from: number) => Promise<string[]>,
  ) {}

  /** Resolves if the client ends the session. @throws SoftwareFault if the client is gone, or sends too much */
  async pass(hasInput: boolean, signal: AbortSignal): Promise<number> {
    for (let begun = monotonicMs(); ;) {
      const messages = await this.readFrom(this.read);
      this.read += messages.length;
      for (const message of messages) if (this.take(this.channel.open(message)) === 'over') return interrupted;
      if (messages.length > 0) this.lastAt = monotonicMs();
      if (monotonicMs() - this.lastAt > aliveWithinMs) throw new SoftwareFault('the client of the command is gone');
      if (messages.length > 0 && hasInput) begun = monotonicMs();
      await sleep(hasInput ? readAgainIn(monotonicMs() - begun) : readWithoutInputMs, undefined, { signal });
    }
  }

  /** Passes one message on. */
  private take(message: Buffer): 'over' | undefined {
    const content = message.subarray(1);
    switch (message[0]) {
      case kinds.input:
        this.size += content.length;
        if (this.size > largestStream) throw new SoftwareFault(`more than ${largestStream} bytes of input`);
        this.command.write(content);
        return undefined;
      case kinds.endOfInput:
        this.command.endInput();
        return undefined;
      case kinds.size:
        void this.command.resize({ columns: content.readUInt16BE(0), rows: content.readUInt16BE(2) });
        return undefined;
      case kinds.hangUp:
        return 'over';
      default:
        return undefined;
    }
  }
}

async function failsAfter(limitMs: number, signal: AbortSignal): Promise<never> {
  await sleep(limitMs, undefined, { signal, ref: false });
  throw new SoftwareFault(`the command did not end within ${limitMs / 60_000} minutes`);
}

function cancelled(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
