import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { roles, type Role } from '../../model/access';
import type { StackSecurity } from '../../model/stack';

/** What an environment demands of requests. */
export interface Demand {
  /** Only subjects with one of these roles; absent: any. */
  roles?: Role[];
  /** Only these subjects deploy; absent: any. */
  deployers?: string[];
}

/** What a stack with `security.auth` demands of requests. */
export function demandOf({ roles: given, deployers }: StackSecurity): Demand {
  return { ...(given && { roles: given }), ...(deployers && { deployers }) };
}

interface Place {
  stack: string;
  environment: string;
}

/**
 * The environments whose stack has `security.auth`, in the data folder of the worker: whoever reaches Temporal alone
 * cannot make a worker forget one.
 */
export class ProtectedEnvironments {
  constructor(private readonly dataDir: string) {}

  demand(place: Place): Demand | undefined {
    const file = this.fileOf(place);
    if (!existsSync(file)) return undefined;
    try {
      const { roles: given, deployers } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
      return {
        ...(Array.isArray(given) && { roles: roles.filter((role) => given.includes(role)) }),
        ...(Array.isArray(deployers) && { deployers: deployers.map(String) }),
      };
    } catch {
      // A damaged file still says that the environment is protected.
      return {};
    }
  }

  /** Remembers what the stack of an environment says now. */
  remember(place: Place, security: StackSecurity | undefined): void {
    const file = this.fileOf(place);
    if (!security?.auth) return rmSync(file, { force: true });
    const text = JSON.stringify(demandOf(security));
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.${process.pid}`, text, { mode: 0o600 });
    renameSync(`${file}.${process.pid}`, file);
  }

  private fileOf({ stack, environment }: Place): string {
    return join(this.dataDir, 'statements', stack, `${environment}.json`);
  }
}
