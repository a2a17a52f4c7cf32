import { cpus, release, totalmem } from 'node:os';
import type { Outcome } from './round';

export interface Run {
  seed: number;
  outcomes: Outcome[];
  durationMs: number;
}

export const faultsIn = (outcomes: Outcome[]): number => outcomes.reduce((sum, { faults }) => sum + faults.length, 0);
export const violationsIn = (outcomes: Outcome[]): number =>
  outcomes.filter(({ violations }) => violations.length > 0).length;

/** One line a round. */
export function line({ number, stack, operation, faults, results, violations, durationMs }: Outcome): string {
  const verdict = violations.length === 0 ? 'ok ' : 'NO ';
  return [
    `${verdict} round ${number}  ${stack}  ${operation}  with ` +
      `${faults.join(', ') || 'nothing'}  ${(durationMs / 1000).toFixed(1)} s`,
    ...results.map((result) => `      ${result}`),
    ...violations.map((violation) => `    ! ${violation}`),
  ].join('\n');
}

/** The report that is committed. */
export function report({ seed, outcomes, durationMs }: Run): string {
  const violated = outcomes.filter(({ violations }) => violations.length > 0);
  const day = new Date().toISOString().slice(0, 10);
  const memory = `${Math.round(totalmem() / 1024 ** 3)} GiB`;
  const machine = `${cpus().length} cores, ${memory}, Linux ${release()}, Node ${process.version}`;
  const verdict = violated.length === 0 ? 'no violation' : `${violated.length} rounds with violations`;
  return `# Chaos report

\`npm run chaos -- --faults ${faultsIn(outcomes)} --seed ${seed}\`, ${day}, on ${machine}.

**${faultsIn(outcomes)} faults in ${outcomes.length} rounds, ${Math.round(durationMs / 60_000)} minutes: ${verdict}.**

${table(
  'fault',
  outcomes.flatMap(({ faults }) => faults),
)}

${table(
  'asked for',
  outcomes.map(({ operation }) => operation),
)}

${table(
  'ended',
  outcomes.flatMap(({ results }) => results.map((result) => /: (\w+)/.exec(result)?.[1] ?? result)),
)}
${violated.map((outcome) => `\n\`\`\`\n${line(outcome)}\n\`\`\`\n`).join('')}`;
}

function table(title: string, all: string[]): string {
  const counts = new Map<string, number>();
  for (const each of all) counts.set(each, (counts.get(each) ?? 0) + 1);
  const rows = [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `| ${name} | ${count} |`);
  return [`| ${title} | times |`, '|---|---|', ...rows].join('\n');
}
