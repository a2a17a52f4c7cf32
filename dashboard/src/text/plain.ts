// Sequences that move the cursor of a terminal or colour it (ECMA-48), and other control characters.
// oxlint-disable no-control-regex
const control =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** A line of output without control sequences of terminals. */
export function plainText(line: string): string {
  return line.replaceAll(control, '');
}
