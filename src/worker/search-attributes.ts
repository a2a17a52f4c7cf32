import type { Connection } from '@temporalio/client';
import { searchAttributes } from '../workflows/messages';

const valueTypes = { KEYWORD: 2, INT: 3 } as const;

/** Registers the search attributes that the server does not have yet. They must exist before a workflow uses them. */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.values(searchAttributes).filter(({ name }) => !(name in customAttributes));
  if (missing.length === 0) return;
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing.map(({ name, type }) => [name, valueTypes[type as keyof typeof valueTypes]])) }).catch((error: Error) => {
    if (!/already exists/i.test(error.message)) throw error;
  });
}
