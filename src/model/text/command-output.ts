/** The head of the progress meter that curl writes unless it is silent. */
const meterHead = /^%\s*Total\s+%\s*Received\s+%\s*Xferd\b/;
const meterColumns = /^Dload\s+Upload\b/;
const meterValues = /^[\d\s.:%dhkMGTP-]+$/;

/**
 * The end of what a command wrote, for a message: as a terminal would show it, without blank lines and without the
 * progress meter of curl, which would hide its error.
 */
export function endOfOutput(output: string, longest: number): string {
  const lines = output
    .split('\n')
    .map((line) => shown(line).trim())
    .filter((line) => line !== '');
  const hasMeter = lines.some((line) => meterHead.test(line));
  const kept = hasMeter ? lines.filter((line) => !isMeter(line)) : lines;
  return kept.join('\n').slice(-longest);
}

/** A carriage return lets what follows overwrite the line. */
function shown(line: string): string {
  return line.replace(/\r+$/, '').split('\r').at(-1)!;
}

function isMeter(line: string): boolean {
  return meterHead.test(line) || meterColumns.test(line) || meterValues.test(line);
}
