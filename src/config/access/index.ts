import { StackFileError } from '../problems';
import { errorAt, parseYaml } from '../read/document';
import { readText } from '../read/source';
import { schemaFindings } from '../schema/problems';
import type { AccessConfig } from './config';
import { ProviderFiles } from './provider-files';
import { accessFile } from './schema';
import { subscribersOf } from './subscribers';
import { baseUrl } from './urls';

export { readRoster, rosterText, type Roster } from './roster';
export { emptyAccess, type AccessConfig, type Provider } from './config';
export type { OidcProvider, SamlProvider } from './schema';
export type { Workload } from './workloads';

/**
 * Reads the access file of a server, and the files that it names.
 * @throws StackFileError with the line of every problem found
 */
export function readAccess(file: string): AccessConfig {
  const document = parseYaml(file, readText(file, 'check the path of --access'));
  const parsed = accessFile.safeParse(document.data ?? {});
  if (!parsed.success) throw errorAt(document, schemaFindings(accessFile, parsed.error.issues));
  const { external_url: externalUrl, providers = {}, workloads = {}, bindings = [] } = parsed.data;
  const { subscribers, findings } = subscribersOf(parsed.data);
  if (findings.length > 0) throw errorAt(document, findings);
  const read = new ProviderFiles(file);
  return {
    ...(externalUrl !== undefined && { externalUrl }),
    providers: Object.fromEntries(Object.entries(providers).map(([name, each]) => [name, read.withFiles(each)])),
    workloads,
    bindings,
    subscribers,
    files: [file, ...read.files],
  };
}

/** The address of an installation from a command line. @throws StackFileError if it is not valid */
export function requireExternalUrl(text: string): string {
  const parsed = baseUrl.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new StackFileError([{ file: '--external-url', path: '', message: parsed.error.issues[0]!.message }]);
}
