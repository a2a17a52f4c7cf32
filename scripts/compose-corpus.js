// Writes again what compose-go reads of the Compose files in tests/config/compose/corpus: expected.json of each case,
// or refused.txt. The command that prints it is in DEPLOY_CODE_TEST_COMPOSE_ORACLE: COMMAND [-env KEY=VALUE]... FILE...
// Names of cases restrict it to these. With --coverage it lists the keys of Compose's schema that no case uses.
const { spawnSync } = require('node:child_process');
const { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const YAML = require('yaml');

const root = join(__dirname, '..');
const corpus = join(root, 'tests', 'config', 'compose', 'corpus');
const schema = JSON.parse(readFileSync(join(root, 'tests', 'production', 'compose-spec.json'), 'utf8'));
/** No folder of a machine: only so that `~` leads to the same everywhere. */
const home = '/nonexistent/home-of-the-corpus';
const shell = { GREETING: 'hello', FROM_SHELL: 'from-shell' };

const names = process.argv.slice(2).filter((each) => !each.startsWith('-'));
const cases = readdirSync(corpus, { withFileTypes: true })
  .filter((each) => each.isDirectory() && (names.length === 0 || names.includes(each.name)))
  .map(({ name }) => name)
  .sort();

if (process.argv.includes('--coverage')) coverage();
else regenerate();

function regenerate() {
  const oracle = process.env.DEPLOY_CODE_TEST_COMPOSE_ORACLE;
  if (!oracle) throw new Error('DEPLOY_CODE_TEST_COMPOSE_ORACLE names no command');
  const [command, ...first] = oracle.split(' ');
  let refused = 0;
  for (const name of cases) {
    const folder = join(corpus, name);
    const { files, env, profiles } = settingsOf(folder);
    const variables = { ...env, ...(profiles.length > 0 && { COMPOSE_PROFILES: profiles.join(',') }) };
    const options = Object.entries(variables).flatMap(([key, value]) => ['-env', `${key}=${value}`]);
    const paths = files.map((file) => join(folder, file));
    const { status, stdout, stderr, error } = spawnSync(command, [...first, ...options, ...paths], {
      encoding: 'utf8',
      env: { HOME: home, PATH: process.env.PATH },
      maxBuffer: 1 << 26,
    });
    if (error) throw error;
    for (const each of ['expected.json', 'refused.txt']) rmSync(join(folder, each), { force: true });
    const text = (status === 0 ? stdout : stderr)
      .replaceAll(folder, '<dir>')
      .replaceAll(corpus, '<dir>/..')
      .replaceAll(home, '<home>');
    if (text.includes(root)) throw new Error(`${name}: reads a path of this machine above the corpus`);
    if (/^panic:|^goroutine /m.test(text)) throw new Error(`${name}: the oracle crashes`);
    if (status !== 0) refused++;
    writeFileSync(join(folder, status === 0 ? 'expected.json' : 'refused.txt'), `${text.trimEnd()}\n`);
  }
  console.log(`${cases.length} cases, ${refused} of them refused`);
}

function settingsOf(folder) {
  const file = join(folder, 'case.json');
  const given = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  return { files: ['compose.yaml'], env: shell, profiles: [], ...given };
}

/** A key counts once for each place where the schema describes it, and once for each form: text, list or map. */
function coverage() {
  const used = new Set();
  for (const name of cases) {
    const texts = readdirSync(join(corpus, name), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.ya?ml$/.test(file))
      .map((file) => readFileSync(join(corpus, name, file), 'utf8'));
    for (const document of texts.flatMap((text) => documentsOf(text))) mark(document, schema, '', used);
  }
  const missing = [...keysOf()].filter((key) => !used.has(key));
  for (const key of missing) console.log(key);
  process.exitCode = missing.length > 0 ? 1 : 0;
}

/** Documents that do not parse are cases too, and count for nothing. */
function documentsOf(text) {
  const options = { merge: true, logLevel: 'silent', uniqueKeys: false };
  return YAML.parseAllDocuments(text, options).flatMap((document) => {
    try {
      return document.errors.length > 0 ? [] : [document.toJS({ maxAliasCount: 1000 })];
    } catch {
      return [];
    }
  });
}

/** What a node of the schema stands for, with references followed: the place of its keys, and the nodes themselves. */
function resolve(node, place) {
  if (node.$ref) {
    const name = node.$ref.replace('#/$defs/', '');
    return resolve(schema.$defs[name], name);
  }
  const own = [{ node, place }];
  for (const each of [...(node.allOf ?? []), ...(node.oneOf ?? [])]) own.push(...resolve(each, place));
  return own;
}

function formsOf(node, place) {
  const forms = resolve(node, place).flatMap(({ node: each }) => each.type ?? []);
  const structured = new Set(forms.filter((form) => ['string', 'array', 'object'].includes(form)));
  const words = { string: 'text', array: 'list', object: 'map' };
  return structured.size > 1 ? [...structured].map((form) => words[form]) : [];
}

function formOf(value) {
  if (Array.isArray(value)) return 'list';
  return typeof value === 'object' && value !== null ? 'map' : 'text';
}

function mark(value, schemaNode, place, used) {
  for (const { node, place: own } of resolve(schemaNode, place)) {
    if (Array.isArray(value) && node.items) {
      for (const each of value) {
        used.add(`${own}[] (${formOf(each)})`);
        mark(each, node.items, `${own}[]`, used);
      }
    }
    if (formOf(value) !== 'map') continue;
    for (const [key, below] of Object.entries(value)) {
      const path = own === '' ? key : `${own}.${key}`;
      if (node.properties?.[key]) {
        used.add(path).add(`${path} (${formOf(below)})`);
        mark(below, node.properties[key], path, used);
        continue;
      }
      for (const [pattern, child] of Object.entries(node.patternProperties ?? {})) {
        if (!new RegExp(pattern).test(key)) continue;
        const under = patternPath(own, pattern);
        used.add(under).add(`${under} (${formOf(below)})`);
        mark(below, child, under, used);
      }
    }
  }
}

function patternPath(place, pattern) {
  const word = pattern === '^x-' ? 'x-*' : '*';
  return place === '' ? word : `${place}.${word}`;
}

/** Every key of the schema, as `mark` calls them. */
function keysOf() {
  const keys = new Set();
  const seen = new Set();
  const add = (path, node) => {
    keys.add(path);
    for (const form of formsOf(node, path)) keys.add(`${path} (${form})`);
    walk(node, path);
  };
  const walk = (start, from) => {
    for (const { node, place } of resolve(start, from)) {
      if (seen.has(node)) continue;
      seen.add(node);
      for (const [key, child] of Object.entries(node.properties ?? {}))
        add(place === '' ? key : `${place}.${key}`, child);
      // A list has no keys, whatever the schema says of gpus.
      for (const [pattern, child] of Object.entries((node.type !== 'array' && node.patternProperties) || {}))
        add(patternPath(place, pattern), child);
      if (!node.items) continue;
      for (const form of formsOf(node.items, `${place}[]`)) keys.add(`${place}[] (${form})`);
      walk(node.items, `${place}[]`);
    }
  };
  walk(schema, '');
  return keys;
}
