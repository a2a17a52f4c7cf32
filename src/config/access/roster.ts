import { stringify } from 'yaml';
import type { Binding } from '../../model/access';
import { errorAt, parseYaml } from '../read/document';
import { readText } from '../read/source';
import { schemaFindings } from '../schema/problems';
import { rosterFile } from './schema';

/** The roles and local users of an installation, to keep them in a file or to take them to another installation. */
export interface Roster {
  bindings: Binding[];
  /** Names of local users. */
  users: string[];
  /** Whether all of those need a second factor. */
  secondFactor?: boolean;
}

const heading = ` Roles and local users of an installation, by \`deploy-code access export\`.
 \`deploy-code access import\` restores them; the roles also fit into the access file of a server.
 Tokens, passwords, second factors and sessions are in no export.`;

/** The text of a file with a roster. */
export function rosterText({ bindings, users, secondFactor }: Roster): string {
  const roles = bindings.map(({ subject, role, scope }) => ({ subject, role, scope }));
  const comment = heading.replace(/^/gm, '#');
  return `${comment}\n${stringify({ bindings: roles, users, second_factor: secondFactor ?? false })}`;
}

/**
 * Reads such a file.
 * @throws StackFileError with the line of every problem found
 */
export function readRoster(file: string): Roster {
  const document = parseYaml(file, readText(file, 'check the path of the file'));
  const parsed = rosterFile.safeParse(document.data ?? {});
  if (!parsed.success) throw errorAt(document, schemaFindings(rosterFile, parsed.error.issues));
  const { bindings = [], users = [], second_factor: secondFactor } = parsed.data;
  return { bindings, users, ...(secondFactor !== undefined && { secondFactor }) };
}
