// Part of `npm run lint`: no line of code is longer than 120 columns. The formatter leaves long texts as they are.
const { execFileSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const longest = 120;
const code = ['src', 'tests', 'scripts', 'bin', 'action', '*.js'];

const files = execFileSync('git', ['ls-files', '-z', ...code], { cwd: root, encoding: 'utf8' }).split('\0');
for (const file of files.filter((name) => /(?:\.[cm]?[jt]s|^bin\/[^.]+)$/.test(name))) {
  for (const [index, line] of readFileSync(join(root, file), 'utf8').split('\n').entries()) {
    if (line.length <= longest) continue;
    console.error(`${file}:${index + 1}: ${line.length} columns; ${longest} are allowed`);
    process.exitCode = 1;
  }
}
