import { errorAt, parseYaml } from '../config/read/document';
import { schemaFindings } from '../config/schema/problems';
import { readText } from '../config/read/source';
import { type Policy, policyFile } from './schema';

/** The policy without a policy file, see docs/policy.md. */
export const defaultPolicy: Policy = {};

/**
 * Reads the policy file of a worker.
 * @throws StackFileError with the line of every problem found
 */
export function readPolicy(file: string): Policy {
  const document = parseYaml(file, readText(file));
  const parsed = policyFile.safeParse(document.data ?? {});
  if (parsed.success) return parsed.data;
  throw errorAt(document, schemaFindings(policyFile, parsed.error.issues));
}
