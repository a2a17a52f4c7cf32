import { createHash } from 'node:crypto';

export const shortestPassword = 12;
export const longestPassword = 200;
const fewestDifferent = 5;
const prefixBytes = 4;
/** Shorter names are in many words. */
const shortestName = 4;

/** The one spelling of a password: keyboards and systems write the same letters with different code points. */
export function spellingOf(password: string): string {
  return password.normalize('NFKC');
}

/** What is wrong with a new password; undefined if it may be used. */
export async function passwordProblem(password: string, user: string): Promise<string | undefined> {
  const spelling = spellingOf(password);
  const letters = Array.from(spelling);
  if (letters.length < shortestPassword) return `the password needs at least ${shortestPassword} characters`;
  if (letters.length > longestPassword) return `the password may have at most ${longestPassword} characters`;
  if (new Set(letters).size < fewestDifferent)
    return `the password needs at least ${fewestDifferent} different characters`;
  if (containsName(spelling, user)) return 'the password must not contain the name of the user';
  if (await isLeaked(spelling)) return 'this password has leaked elsewhere, and is tried first: choose another one';
  return undefined;
}

/** The part of an e-mail address before the @ counts as a name, too. */
function containsName(password: string, user: string): boolean {
  const text = password.toLowerCase();
  const names = [user, user.split('@')[0]!].map((name) => name.toLowerCase());
  return names.some((name) => name.length >= shortestName && text.includes(name));
}

/** Looks for the first bytes of its digest among those of the passwords that have leaked. */
async function isLeaked(password: string): Promise<boolean> {
  const { leakedPrefixes } = await import('./leaked.js');
  const wanted = createHash('sha256').update(password.toLowerCase()).digest().readUInt32BE();
  let [low, high] = [0, leakedPrefixes.length / prefixBytes];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = leakedPrefixes.readUInt32BE(middle * prefixBytes);
    if (found === wanted) return true;
    if (found < wanted) low = middle + 1;
    else high = middle;
  }
  return false;
}
