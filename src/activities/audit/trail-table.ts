import { Pool, type PoolClient } from 'pg';
import type { AuditEntry, AuditRecord } from '../../model/audit';
import { follow } from './chain';
import type { Marking, Trail } from './trail';

const connectTimeoutMs = 5000;

/** Keeps what the hash covers as the text that was hashed; the columns beside it are for queries. */
const table = `CREATE TABLE IF NOT EXISTS deploy_code_audit (
  stack text NOT NULL,
  environment text NOT NULL,
  sequence integer NOT NULL,
  id text NOT NULL,
  at timestamptz NOT NULL,
  requested_by text NOT NULL,
  record text NOT NULL,
  PRIMARY KEY (stack, environment, sequence),
  UNIQUE (stack, environment, id)
)`;

/**
 * A table of PostgreSQL that holds the trails of all environments. Its user needs no more than SELECT and INSERT where
 * the table exists.
 */
export class AuditDatabase {
  private readonly pool: Pool;
  private made?: Promise<void>;

  /** `url`: `postgresql://user@host:5432/database`. The password may come from PGPASSWORD or a password file. */
  constructor(url: string) {
    this.pool = new Pool({
      connectionString: url,
      max: 4,
      connectionTimeoutMillis: connectTimeoutMs,
      allowExitOnIdle: true,
    });
    this.pool.on('error', () => undefined);
  }

  trailOf(stack: string, environment: string, mark: Marking): Trail {
    return {
      read: () => this.use((client) => recordsOf(client, stack, environment)),
      append: (entry) => this.use((client) => append(client, stack, environment, entry, mark)),
    };
  }

  /** @throws Error where no record could be written at this moment */
  async requireReachable(): Promise<void> {
    await this.use((client) => client.query('SELECT 1'));
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async use<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    this.made ??= this.make().catch((error: unknown) => {
      this.made = undefined;
      throw error;
    });
    await this.made;
    const client = await this.pool.connect();
    try {
      return await work(client);
    } finally {
      client.release();
    }
  }

  /** A user that may not create tables needs none to be created. */
  private async make(): Promise<void> {
    const { rows } = await this.pool.query<{ present: string | null }>(
      "SELECT to_regclass('deploy_code_audit') AS present",
    );
    if (rows[0]?.present === null) await this.pool.query(table);
  }
}

async function recordsOf(client: PoolClient, stack: string, environment: string): Promise<AuditRecord[]> {
  const { rows } = await client.query<{ record: string }>(
    'SELECT record FROM deploy_code_audit WHERE stack = $1 AND environment = $2 ORDER BY sequence',
    [stack, environment],
  );
  return rows.map(({ record }) => JSON.parse(record) as AuditRecord);
}

/** One at a time for each environment, whichever worker it is. */
async function append(
  client: PoolClient,
  stack: string,
  environment: string,
  entry: AuditEntry,
  mark: Marking,
): Promise<AuditRecord> {
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock(hashtext($1), hashtext($2))', [stack, environment]);
    const record =
      (await find(client, 'id = $3', stack, environment, entry.id)) ??
      (await insert(client, stack, environment, entry, mark));
    await client.query('COMMIT');
    return record;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function insert(
  client: PoolClient,
  stack: string,
  environment: string,
  entry: AuditEntry,
  mark: Marking,
): Promise<AuditRecord> {
  const last = await find(client, 'sequence > $3 ORDER BY sequence DESC LIMIT 1', stack, environment, 0);
  const record = follow(last, entry, mark);
  const { sequence, id, at, by } = record;
  await client.query(
    'INSERT INTO deploy_code_audit (stack, environment, sequence, id, at, ' +
      'requested_by, record) VALUES ($1, $2, $3, $4, to_timestamp($5), $6, $7)',
    [stack, environment, sequence, id, at / 1000, by, JSON.stringify(record)],
  );
  return record;
}

async function find(
  client: PoolClient,
  which: string,
  stack: string,
  environment: string,
  value: string | number,
): Promise<AuditRecord | undefined> {
  const { rows } = await client.query<{ record: string }>(
    `SELECT record FROM deploy_code_audit WHERE stack = $1 AND environment = $2 AND ${which}`,
    [stack, environment, value],
  );
  return rows[0] && (JSON.parse(rows[0].record) as AuditRecord);
}
