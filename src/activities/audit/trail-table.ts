import { Pool, type PoolClient } from 'pg';
import type { AuditEntry, AuditRecord } from '../../model/audit';
import { follow } from './chain';
import type { Marking, Trail } from './trail';

const connectTimeoutMs = 5000;

/** `record` holds the hashed text; the other columns are for queries. */
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
 * A PostgreSQL table with the trails of all environments. If the table exists, its user needs only SELECT and INSERT.
 */
export class AuditDatabase {
  private readonly pool: Pool;
  private tableReady?: Promise<void>;

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

  /** @throws Error if no record can be written now */
  async requireReachable(): Promise<void> {
    await this.use((client) => client.query('SELECT 1'));
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async use<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    this.tableReady ??= this.ensureTable().catch((error: unknown) => {
      this.tableReady = undefined;
      throw error;
    });
    await this.tableReady;
    const client = await this.pool.connect();
    try {
      return await work(client);
    } finally {
      client.release();
    }
  }

  /** Creates the table only if it is missing: the user may lack the right to create tables. */
  private async ensureTable(): Promise<void> {
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

/** Serialised per environment across all workers. */
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
