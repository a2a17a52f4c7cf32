import { appendFileSync } from 'node:fs';

/** Real parts that a machine may lack, and what the global setup found of them. */
export type Part = 'docker' | 'kubernetes' | 'chromium' | 'postgres';

const variable = (part: Part) => `DEPLOY_CODE_TEST_${part.toUpperCase()}`;

/** Records what the setup found: nothing where the part is there, else why not. */
export function record(part: Part, missing: string | undefined): void {
  process.env[variable(part)] = missing ?? 'ready';
}

/** `describe` where the part is there. */
export function describeWith(part: Part, title: string, suite: () => void): void {
  describeUnless(missingPart(part), title, suite);
}

/** Why a part is not there; undefined if it is. */
export function missingPart(part: Part): string | undefined {
  const found = process.env[variable(part)];
  return found === 'ready' ? undefined : (found ?? 'not set up');
}

/** `describe` where nothing is missing; else the suite is skipped, and says why in its title and on stderr. */
export function describeUnless(missing: string | undefined, title: string, suite: () => void): void {
  if (!missing) return describe(title, suite);
  describe.skip(skippedTitle(title, missing), suite);
}

/** The title of what is skipped, with the reason, which is said on stderr and in the summary too. */
export function skippedTitle(title: string, missing: string): string {
  const line = `${title}: ${missing}\n`;
  process.stderr.write(`skipped: ${line}`);
  const summary = process.env.DEPLOY_CODE_TEST_SKIPPED;
  if (summary) appendFileSync(summary, line);
  return `${title} (skipped: ${missing})`;
}

/** Parts that must be there, by DEPLOY_CODE_TEST_REQUIRE. */
export function required(): string[] {
  return (process.env.DEPLOY_CODE_TEST_REQUIRE ?? '').split(',').filter(Boolean);
}
