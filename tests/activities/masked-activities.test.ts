import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import pino from 'pino';
import type { Activities } from '../../src/activities';
import { failureTypes } from '../../src/activities/contract';
import { withMaskedTexts } from '../../src/activities/guards/masked-activities';
import { SecretStore } from '../../src/activities/secrets';
import { maskedLogger } from '../../src/worker/masked-logger';

const value = 'hunter2-4711';
const forms = [
  value,
  Buffer.from(value).toString('base64'),
  Buffer.from(value).toString('hex'),
  encodeURIComponent(value),
];

const store = () => {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-masked-'));
  writeFileSync(join(folder, 'secret'), value);
  return {
    secrets: new SecretStore(join(folder, 'data')),
    context: { secrets: { s: { file: join(folder, 'secret') } }, envFiles: [] },
  };
};

const failing = (error: unknown) => ({ startInstance: () => Promise.reject(error as Error) }) as unknown as Activities;

describe('what leaves an activity', () => {
  it.each(forms)(
    'fails without a secret in message, details, cause or stack, though nobody has read it in this worker: %s',
    async (form) => {
      const { secrets, context } = store();
      const cause = Object.assign(new Error(`Docker: invalid variable "=${form}"`), {
        json: { message: form },
        reason: form,
      });
      const error = ApplicationFailure.create({
        type: failureTypes.software,
        message: `cannot start: ${form}`,
        details: [{ logs: [`said ${form}`], lastProbeError: form, exitCode: 1 }],
        nonRetryable: true,
        cause,
      });
      const thrown = await withMaskedTexts(failing(error), secrets)
        .startInstance(context as never, {} as never, {} as never)
        .catch((each: unknown) => each);
      expect(thrown).toBeInstanceOf(ApplicationFailure);
      expect(thrown).toMatchObject({
        type: failureTypes.software,
        nonRetryable: true,
        message: expect.stringMatching(/^cannot start: \*\*\*/),
        details: [{ exitCode: 1, logs: [expect.stringMatching(/^said \*\*\*/)] }],
      });
      const shown = JSON.stringify([
        thrown,
        (thrown as Error).message,
        (thrown as Error).stack,
        (thrown as Error).cause,
        String((thrown as Error).cause),
        (thrown as ApplicationFailure).details,
      ]);
      expect(shown).not.toContain(value);
      expect(shown).not.toContain(form.slice(0, -2));
    },
  );

  it('fails so where it was cancelled, and where something else than an error was thrown', async () => {
    const { secrets, context } = store();
    const fail = (error: unknown) =>
      withMaskedTexts(failing(error), secrets)
        .startInstance(context as never, {} as never, {} as never)
        .catch((each: unknown) => each);
    expect(await fail(new CancelledFailure(value, [{ logs: [value] }]))).toMatchObject({
      message: '***',
      details: [{ logs: ['***'] }],
    });
    expect(await fail(value)).toBe('***');
  });

  it('reaches the audit trail and subscribers without a secret, and with every name', async () => {
    const { secrets, context } = store();
    await secrets.learn(context.secrets, []);
    const taken: unknown[] = [];
    const activities = withMaskedTexts(
      {
        recordAudit: async (...input: unknown[]) => taken.push(input[1]),
        deliver: async (...input: unknown[]) => taken.push(input[1]),
      } as unknown as Activities,
      secrets,
    );
    await activities.recordAudit(
      {} as never,
      { id: value, by: 'ann', what: 'deploy', why: `uses ${value}`, result: `failed: ${value}` } as never,
    );
    await activities.deliver(
      {} as never,
      {
        stack: 'shop',
        text: value,
        details: { service: 'api', cause: { message: value, evidence: { logs: [value] } } },
      } as never,
    );
    expect(taken).toEqual([
      { id: value, by: 'ann', what: 'deploy', why: 'uses ***', result: 'failed: ***' },
      {
        stack: 'shop',
        text: '***',
        details: { service: 'api', cause: { message: '***', evidence: { logs: ['***'] } } },
      },
    ]);
  });
});

describe('the log of a worker', () => {
  it('shows no secret in messages, fields and errors, and the names of what it is about', async () => {
    const { secrets, context } = store();
    await secrets.learn(context.secrets, []);
    const lines: string[] = [];
    const logger = maskedLogger(pino({}, { write: (line: string) => void lines.push(line) }), (text) =>
      secrets.mask(text),
    );
    logger.warn({ service: 'api', nested: { text: value }, count: 4711 }, `said ${value}`);
    logger.error({ err: new Error(`broke at ${value}`) });
    logger.info(`plain ${value}`);
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { service: 'api', nested: { text: '***' }, count: 4711, msg: 'said ***' },
      { err: { message: 'broke at ***' } },
      { msg: 'plain ***' },
    ]);
    expect(lines.join('')).not.toContain(value);
  });
});
