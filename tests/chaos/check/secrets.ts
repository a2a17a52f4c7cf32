import { Client, Connection } from '@temporalio/client';
import { payloadCodec } from '../../../src/payloads/codec';
import { decoded } from '../../support/histories';
import { planted } from '../arena';
import type { Evidence } from '.';

/** No planted secret is in a history, a log line or a metric. */
export async function secrets({ arena, settled }: Evidence): Promise<string[]> {
  const connection = await Connection.connect({ address: arena.temporal.address });
  const temporal = new Client({ connection, dataConverter: { payloadCodecs: [payloadCodec()] } });
  const histories = await Promise.all(
    settled.map(async ({ handle }) => decoded((await temporal.workflow.getHandle(handle.id).fetchHistory()).events)),
  );
  await connection.close();
  const metrics = await fetch(`http://127.0.0.1:${arena.worker.port}/metrics`).then((answer) => answer.text());
  const places = { histories: histories.join('\n'), logs: arena.worker.lines.join('\n'), metrics };
  return Object.entries(places).flatMap(([where, text]) =>
    Object.entries(planted)
      .filter(([, value]) => text.includes(value))
      .map(([name]) => `the secret (${name}) is in the ${where}`),
  );
}
