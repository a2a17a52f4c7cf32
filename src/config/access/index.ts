import { dirname, resolve } from 'node:path';
import { StackFileError } from '../problems';
import { parseYaml } from '../read/document';
import { readText } from '../read/source';
import { schemaFindings } from '../schema/problems';
import type { AccessConfig } from './config';
import { accessFile } from './schema';
import { baseUrl } from './urls';

export { emptyAccess, type AccessConfig } from './config';
export type { OidcProvider } from './schema';
export type { Workload } from './workloads';

/**
 * Reads the access file of a server, and the files that it names.
 * @throws StackFileError with the line of every problem found
 */
export function readAccess(file: string): AccessConfig {
  const document = parseYaml(file, readText(file, 'check the path of --access'));
  const parsed = accessFile.safeParse(document.data ?? {});
  if (!parsed.success)
    throw new StackFileError(
      schemaFindings(accessFile, parsed.error.issues).map(({ path, message }) => ({
        file,
        ...document.locate(path),
        path: path.join('.'),
        message,
      })),
    );
  const { external_url: externalUrl, providers = {}, workloads = {}, bindings = [] } = parsed.data;
  const secrets = Object.entries(providers).map(([name, provider]) => {
    const secretFile = provider.client_secret_file && resolve(dirname(file), provider.client_secret_file);
    return { name, provider, secretFile };
  });
  return {
    ...(externalUrl !== undefined && { externalUrl }),
    providers: Object.fromEntries(
      secrets.map(({ name, provider, secretFile }) => [
        name,
        { ...provider, ...(secretFile && { secret: readSecret(secretFile) }) },
      ]),
    ),
    workloads,
    bindings,
    files: [file, ...secrets.flatMap(({ secretFile }) => (secretFile ? [secretFile] : []))],
  };
}

/** The address of an installation from a command line. @throws StackFileError if it is not valid */
export function requireExternalUrl(text: string): string {
  const parsed = baseUrl.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new StackFileError([{ file: '--external-url', path: '', message: parsed.error.issues[0]!.message }]);
}

function readSecret(file: string): string {
  const secret = readText(file, 'client_secret_file is read from the folder of the access file').trim();
  if (secret !== '' && !/[\r\n]/.test(secret)) return secret;
  throw new StackFileError([{ file, path: '', message: 'must contain the secret of the client, in one line' }]);
}
