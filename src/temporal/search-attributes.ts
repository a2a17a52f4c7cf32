import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, type ConnectionLike } from '@temporalio/client';
import { searchAttributes } from '../workflows/messages';
import { monotonicMs } from '../guard/monotonic';

const valueTypes = { KEYWORD: 2, INT: 3 } as const;
const invalidArgument = 3;
const knownWithinMs = 60_000;

/**
 * Registers missing search attributes, and waits until the server accepts queries with them: its caches need a few
 * seconds.
 */
export async function registerSearchAttributes(connection: ConnectionLike, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.values(searchAttributes).filter(({ name }) => !(name in customAttributes));
  if (missing.length > 0) {
    await connection.operatorService
      .addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(
          missing.map(({ name, type }) => [name, valueTypes[type as keyof typeof valueTypes]]),
        ),
      })
      .catch((error: Error) => {
        if (!/already exists/i.test(error.message)) throw error;
      });
  }
  await untilKnown(connection, namespace);
}

async function untilKnown(connection: ConnectionLike, namespace: string): Promise<void> {
  const query = Object.values(searchAttributes)
    .map(({ name }) => `${name} IS NULL`)
    .join(' AND ');
  for (const deadline = monotonicMs() + knownWithinMs; ; await sleep(200)) {
    try {
      await connection.workflowService.countWorkflowExecutions({ namespace, query });
      return;
    } catch (error) {
      if (!isGrpcServiceError(error) || Number(error.code) !== invalidArgument || monotonicMs() > deadline) throw error;
    }
  }
}
