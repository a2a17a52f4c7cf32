import { ServiceError } from '@temporalio/client';
import { BadRequest, EngineUnreachable, NoWorker } from '../../src/client';
import { answerWithinMs, ask } from '../../src/temporal/ask';
import { isPassing, translated } from '../../src/temporal/temporal-errors';

const grpc = (code: number, name: string, details: string): Error =>
  new ServiceError('Failed to query Workflow', {
    cause: Object.assign(new Error(`${code} ${name}: ${details}`), { code, details, metadata: {} }),
  });
const names = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

describe('errors of Temporal', () => {
  it.each(names.slice(1).map((name, index) => [index + 1, name] as const))(
    'of code %s (%s) are told in words, with what to do or what was wrong',
    (code, name) => {
      const error = translated(grpc(code, name, 'because'));
      expect(error instanceof EngineUnreachable || error instanceof BadRequest).toBe(true);
      expect((error as Error).message).not.toMatch(new RegExp(`${name}|gRPC|^\\d`));
      if (error instanceof EngineUnreachable) expect(error.advice).not.toBe('');
    },
  );

  it('tell a missing worker from a missing server, and a message that is too large from a busy server', () => {
    const noPoller = grpc(9, 'FAILED_PRECONDITION', 'no poller seen for task queue recently, worker may be down');
    expect(translated(noPoller)).toBeInstanceOf(NoWorker);
    expect(isPassing(noPoller)).toBe(true);
    const large = grpc(8, 'RESOURCE_EXHAUSTED', 'grpc: received message larger than max (5000000 vs. 4194304)');
    expect(translated(large)).toBeInstanceOf(BadRequest);
    expect(isPassing(large)).toBe(false);
    expect(translated(grpc(8, 'RESOURCE_EXHAUSTED', 'namespace rate limit exceeded'))).toBeInstanceOf(
      EngineUnreachable,
    );
    expect([1, 4, 8, 10, 13, 14].every((code) => isPassing(grpc(code, names[code]!, 'x')))).toBe(true);
    expect([3, 5, 6, 7, 9, 12, 16].some((code) => isPassing(grpc(code, names[code]!, 'x')))).toBe(false);
  });

  it.each([
    ['a moment before the deadline: no worker answers', answerWithinMs - 300, NoWorker],
    ['long before it: somebody else has closed the connection', 10, ServiceError],
  ])('a question that Temporal itself gives up %s', async (_, afterMs, expected) => {
    const begin = Date.now();
    const now = jest.spyOn(Date, 'now').mockReturnValue(begin);
    const client = {
      connection: { workflowService: { describeTaskQueue: async () => ({ pollers: [] }) } } as never,
      options: { namespace: 'default' },
      withDeadline: () => {
        now.mockReturnValue(begin + afterMs);
        return Promise.reject(grpc(1, 'CANCELLED', 'context canceled'));
      },
    };
    await expect(ask(client, () => Promise.resolve())).rejects.toBeInstanceOf(expected);
    now.mockRestore();
  });

  it('that are none stay as they are', () => {
    const other = new Error('x');
    expect(translated(other)).toBe(other);
    expect(isPassing(other)).toBe(false);
    const known = new BadRequest('y', { cause: grpc(5, 'NOT_FOUND', 'z') });
    expect(translated(known)).toBe(known);
  });
});
