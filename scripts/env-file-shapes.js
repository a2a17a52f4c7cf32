// Writes tests/config/compose/env-file-shapes.json: env files of many shapes, and what compose-go reads of each. The
// command that prints it is in DEPLOY_CODE_TEST_COMPOSE_ORACLE: COMMAND [-env KEY=VALUE]... FILE. The shapes are the
// same each time.
const { spawnSync } = require('node:child_process');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const count = 700;
const target = join(__dirname, '..', 'tests', 'config', 'compose', 'env-file-shapes.json');
const oracle = process.env.DEPLOY_CODE_TEST_COMPOSE_ORACLE;
if (!oracle) throw new Error('DEPLOY_CODE_TEST_COMPOSE_ORACLE names no command');

const names = ['A', 'B', 'LONG_NAME', 'with.dot', 'with-dash', 'a[0]', '_x', '1A', 'GREETING', 'OWN', 'GONE', 'DOTENV'];
const oddNames = ['A B', 'A!', 'é', 'A/B', '"A"', '$A'];
const plain = [
  '',
  'x',
  'two words',
  'a#b',
  'a #b',
  'a\t#b',
  "it's",
  'a"b',
  'a=b',
  'a: b',
  '\\n',
  'a\\',
  '  padded  ',
  'é✓',
];
const references = [
  '$A',
  '${A}',
  '${GREETING}',
  '$GREETING.',
  '${DOTENV}',
  '${OWN}',
  '${GONE}',
  '${LONG_NAME}',
  '${NOWHERE}',
  '$NOWHERE',
  '$$A',
  '$5',
  '$(date)',
  '${NOWHERE:-d}',
  '${NOWHERE-${A}}',
  '${A:-}',
  '${B-}',
  '${A:+other}',
  '${NOWHERE:+other}',
  '${NOWHERE:?no}',
  '${A',
  '${}',
  '\\$A',
  '\\${A}',
];
const escapes = ['\\n', '\\t', '\\"', "\\'", '\\\\', '\\$A', '\\x', '\\041', '\n', '\r\n', ' ', '#', ' # '];
const after = ['', '', '', ' ', ' # comment', '# comment', '\t#c'];
const ends = ['\n', '\n', '\n', '\r\n', '\n\n', '\n# comment\n', '\n  # indented\n', '\n\t\n'];
const signs = ['=', '=', '=', '=', ' = ', '= ', ' =', ': ', ':'];
const starts = ['', '', '', '', ' ', '\t', 'export ', 'export\t', 'exported_'];

writeFileSync(
  target,
  `[\n${shapes()
    .map((shape) => JSON.stringify(shape))
    .join(',\n')}\n]\n`,
);

function shapes() {
  const random = randomOf(7);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const some = (most, make) => Array.from({ length: 1 + Math.floor(random() * most) }, make).join('');
  const within = (quote) =>
    [...plain, ...references, ...escapes].filter((each) => each[1] === quote || !each.includes(quote));
  const quoted = (quote) => `${quote}${some(4, () => pick(within(quote)))}${quote}${pick(after)}`;
  const value = () =>
    pick([
      () => pick(plain),
      () => some(3, () => pick([...plain, ...references])),
      () => quoted('"'),
      () => quoted("'"),
    ])();
  const name = () => (random() < 0.02 ? pick(oddNames) : pick(names));
  const line = () =>
    `${pick(starts)}${name()}${random() < 0.1 ? pick(['', ' ']) : `${pick(signs)}${value()}`}${pick(ends)}`;
  const rawLine = () => `${pick(['', ' '])}${name()}${random() < 0.2 ? '' : `=${value()}`}${pick(ends)}`;
  const rawFile = () => some(5, rawLine);
  const file = () => `${random() < 0.05 ? '\uFEFF' : ''}${some(5, line)}`;
  return Array.from({ length: count }, () => {
    const isRaw = random() < 0.15;
    const next = isRaw ? rawFile : file;
    const shape = { files: [next(), ...(random() < 0.3 ? [next()] : [])], ...(isRaw && { format: 'raw' }) };
    return { ...shape, expected: readingOf(shape) };
  });
}

/** What compose-go makes of it; null where it refuses the files. */
function readingOf({ files, format }) {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-code-shapes-'));
  try {
    files.forEach((text, index) => writeFileSync(join(folder, `${index}.env`), text));
    writeFileSync(join(folder, '.env'), 'DOTENV=from-dotenv\n');
    const entries = files.map((_, index) => ({ path: `${index}.env`, ...(format && { format }) }));
    const app = { image: 'busybox:1', env_file: entries, environment: { OWN: 'own', GONE: null } };
    writeFileSync(join(folder, 'compose.yaml'), JSON.stringify({ services: { app } }));
    const [command, ...first] = oracle.split(' ');
    const { status, stdout, stderr } = spawnSync(
      command,
      [...first, '-env', 'GREETING=hello', join(folder, 'compose.yaml')],
      { encoding: 'utf8' },
    );
    if (/^panic:|^goroutine /m.test(stderr)) throw new Error(`the oracle crashes: ${JSON.stringify(files)}`);
    return status === 0 ? JSON.parse(stdout).services.app.environment : null;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same numbers each time (mulberry32). */
function randomOf(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
