import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { formatProblem, loadStack, StackFileError, type LoadOptions } from '../../src/config';
import { isData } from '../../src/config/read/overlay';
import type { SealingValues } from '../../src/model/instance';
import { sourcesOf } from '../../src/model/stack/secret-sources';
import { referencesIn, reveal } from '../../src/model/text/marks';

const folder = mkdtempSync(join(tmpdir(), 'deploy-code-secret-variables-'));
let count = 0;
/** Files in a folder of their own; returns the first. */
const written = (files: Record<string, string>) => {
  const at = join(folder, String((count += 1)));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(at, name)), { recursive: true });
    writeFileSync(join(at, name), text);
  }
  return join(at, Object.keys(files)[0]!);
};
const load = (files: Record<string, string>, options: LoadOptions = {}) =>
  loadStack({ file: written(files), shell: {}, ...options });
const compose = (text: string, options: LoadOptions = {}, more = {}) =>
  load({ 'compose.yaml': text, ...more }, options);
const stackFile = (text: string, options: LoadOptions = {}) =>
  load({ 'deploy-code.yaml': `name: shop\n${text}` }, options);
const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof StackFileError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
};
const plain = (sealing: SealingValues) =>
  Object.fromEntries(
    Object.entries(sealing).map(([name, value]) => [name, typeof value === 'string' ? reveal(value) : value]),
  );

describe('a secret variable in an option of a driver', () => {
  const given = { secrets: { V: 'hunter2' } };
  const service = 'image: "x:1", volumes: ["d:/d"], logging: {driver: splunk, options: {splunk-token: $V, a: b}}';

  it('is sealed, for logs, volumes and networks on Docker', () => {
    const { stack, sealing } = stackFile(
      `services: {a: {${service}}}\nvolumes: {d: {driver_opts: {device: "//host/share", o: "password=$V"}}}\n` +
        'networks: {default: {driver_opts: {token: "a$V", number: 1}}}\n',
      given,
    );
    expect(plain(sealing)).toEqual({
      'a.logging.splunk-token': 'hunter2',
      'volumes.d.o': 'password=hunter2',
      'networks.default.token': 'ahunter2',
    });
    const secret = (name: string) => ({ name, source: { sealed: '' }, target: { texts: true } });
    expect(stack.services.a).toMatchObject({
      logging: { driver: 'splunk', options: { 'splunk-token': '${sealed:a.logging.splunk-token}', a: 'b' } },
      secrets: [secret('a.logging.splunk-token')],
    });
    expect(stack.volumes.d).toMatchObject({
      driverOptions: { device: '//host/share', o: '${sealed:volumes.d.o}' },
      secrets: [secret('volumes.d.o')],
    });
    expect(stack.networks.default).toMatchObject({
      driverOptions: { token: '${sealed:networks.default.token}', number: '1' },
      secrets: [secret('networks.default.token')],
    });
    expect(sourcesOf(stack)).toHaveLength(6);
    expect(JSON.stringify(stack)).not.toContain('hunter2');
  });

  it('is not needed by a command that only needs the place', () => {
    const volumes = 'volumes: {d: {driver_opts: {o: $V}}}\n';
    const { stack } = stackFile(`services: {a: {${service}}}\n${volumes}`, { ...given, placeOnly: true });
    expect(sourcesOf(stack)).toEqual([]);
  });

  it.each([
    ['the device of a volume', '', 'volumes: {d: {driver_opts: {device: $V}}}', 'volumes.d.driverOptions.device'],
    ['a cluster', 'infrastructure: {orchestrator: Kubernetes}', 'volumes: {d: {driver_opts: {o: $V}}}', 'volumes.d'],
  ])('is refused for %s', (_, top, volumes, path) => {
    const text = `${top}\nservices: {a: {image: "x:1", volumes: ["d:/d"]}}\n${volumes}\n`;
    expect(messageOf(() => stackFile(text, given))).toMatch(new RegExp(`${path}.*: contains a credential, which only`));
  });
});

describe('a secret variable in a hook', () => {
  const given = { secrets: { V: "it's" } };

  it('is sealed in its words, for containers on Docker', () => {
    const hooks = 'hooks: {post_start: "login ${V}", pre_stop: [leave, "--key=${V}"]}';
    const { stack, sealing } = stackFile(`services: {a: {image: "x:1", ${hooks}}}\n`, given);
    expect(plain(sealing)).toEqual({ 'a.hooks.post_start.2': "login it's", 'a.hooks.pre_stop.1': "--key=it's" });
    expect(stack.services.a!.hooks).toEqual({
      postStart: ['/bin/sh', '-c', '${sealed:a.hooks.post_start.2}'],
      preStop: ['leave', '${sealed:a.hooks.pre_stop.1}'],
    });
    expect(stack.services.a!.secrets.map(({ target }) => target)).toEqual([{ texts: true }, { texts: true }]);
  });

  it('stays one word where several commands run in a shell', () => {
    const hooks = 'pre_stop: [{command: [leave, "$V"]}, {command: [rm, -f, /key]}]';
    const { stack, sealing } = compose(`services: {a: {image: "x:1", ${hooks}}}\n`, given);
    expect(plain(sealing)).toEqual({ 'a.hooks.pre_stop.5': "it's" });
    expect(stack.services.a!.hooks.preStop).toEqual([
      '/bin/sh',
      '-c',
      '"${1}" "${2}" && "${3}" "${4}" "${5}"',
      'sh',
      'leave',
      '${sealed:a.hooks.pre_stop.5}',
      'rm',
      '-f',
      '/key',
    ]);
  });

  it.each([
    ['Kubernetes', 'image: "x:1"', 'Kubernetes'],
    ['processes', 'command: x', 'Process'],
  ])('is refused for %s', (_, service, orchestrator) => {
    const services = `services: {a: {${service}, hooks: {post_start: "x $V"}}}`;
    const text = `infrastructure: {orchestrator: ${orchestrator}}\n${services}\n`;
    expect(messageOf(() => stackFile(text, given))).toContain(
      'services.a.hooks.postStart.2: contains a credential, which only variables and secrets can pass on',
    );
  });
});

describe('a secret variable', () => {
  it.each([
    [
      'a stack file',
      stackFile('services: {a: {image: "x:1", environment: {PLAIN: "v=${V}", O: "${W}"}}}\n', {
        variables: { W: 'w' },
        secrets: { V: 's3cret' },
      }),
    ],
    [
      'a Compose file',
      compose('services: {a: {image: "x:1", environment: {PLAIN: "v=${V}", O: "${W}"}}}\n', {
        variables: { W: 'w' },
        secrets: { V: 's3cret' },
      }),
    ],
  ])('is sealed whatever it is called, and not recorded, in %s', (_, { stack, sealing, document }) => {
    expect(plain(sealing)).toEqual({ 'a.PLAIN': 'v=s3cret' });
    expect(stack.services.a).toMatchObject({
      variables: { O: 'w' },
      secrets: [{ name: 'a.PLAIN', source: { sealed: '' }, target: { environment: 'PLAIN' } }],
    });
    expect(stack.variables).toEqual({ W: 'w' });
    expect(JSON.stringify([stack, document()])).not.toContain('s3cret');
    expect(JSON.stringify(document())).toContain('v=***');
  });

  it('wins over --set, the shell and .env, and makes secret what an env file makes of it', () => {
    const { sealing, stack } = compose(
      'services: {a: {image: "x:1", environment: {A: "${V}", B: "${URL}", C: "${PLAIN}", V: , URL: }}}\n',
      { shell: { V: 'of the shell' }, variables: { V: 'of --set' }, secrets: { V: 'given' } },
      { '.env': 'V=of-env\nURL=app://u:${V}@db\nPLAIN=plain\n' },
    );
    expect(plain(sealing)).toEqual({
      'a.A': 'given',
      'a.B': 'app://u:given@db',
      'a.V': 'given',
      'a.URL': 'app://u:given@db',
    });
    expect(stack.services.a!.variables).toEqual({ C: 'plain' });
  });

  it('counts as set for defaults, and marks only what it is part of', () => {
    const { sealing, stack } = stackFile(
      'services: {a: {image: "x:1", environment: {A: "${V:-none}", B: "${V:+yes}", C: "${W:-no${V}}"}}}\n',
      { secrets: { V: 's3cret' } },
    );
    expect(plain(sealing)).toEqual({ 'a.A': 's3cret', 'a.C': 'nos3cret' });
    expect(stack.services.a!.variables).toEqual({ B: 'yes' });
  });

  it('is a file byte for byte, and a variable without its final line end', () => {
    const bytes = Buffer.from([0xff, 0, 0x0a]);
    const files = 'secrets: {key: {environment: KEY}}\n';
    expect(
      compose(`services: {a: {image: "x:1", secrets: [key]}}\n${files}`, { secrets: { KEY: bytes } }).sealing,
    ).toEqual({ key: bytes });
    expect(
      plain(
        compose('services: {a: {image: "x:1", environment: {K: "<${KEY}>"}}}\n', {
          secrets: { KEY: Buffer.from('k\r\n') },
        }).sealing,
      ),
    ).toEqual({ 'a.K': '<k>' });
    expect(
      messageOf(() => compose('services: {a: {image: "x:1", command: "${KEY}"}}\n', { secrets: { KEY: bytes } })),
    ).toContain('services.a.command: the value of KEY is not text, so it can only be a file: name it under secrets');
  });

  it('is refused where the file does not use it', () =>
    expect(messageOf(() => stackFile('services: {a: {image: "x:1"}}\n', { secrets: { V: 's3cret' } }))).toBe(
      `${join(folder, String(count), 'deploy-code.yaml')}:1:1 --secret V=…: the file does not use \${V}`,
    ));

  it.each([
    [
      'a stack file',
      () => stackFile('services: {a: {image: "${V}"}}\n', { secrets: { V: 's3cret' } }),
      'services.a.image',
    ],
    [
      'a Compose file',
      () => compose('services: {a: {image: "${V}"}}\n', { secrets: { V: 's3cret' } }),
      'services.a.image',
    ],
    ['its name', () => compose('name: ${V}\nservices: {a: {image: x}}\n', { secrets: { V: 's3cret' } }), 'name'],
    [
      'a name of the shell',
      () => compose('name: ${A_TOKEN}\nservices: {a: {image: x}}\n', { shell: { A_TOKEN: 's3cret' } }),
      'name',
    ],
    [
      'the project',
      () => compose('services: {a: {image: x}}\n', { secrets: { COMPOSE_PROJECT_NAME: 'S3cret' } }),
      '***',
    ],
  ])('is refused with the key where no sealed value can stand: %s', (_, run, key) => {
    const message = messageOf(run);
    expect(message).toContain(key);
    expect(message).not.toMatch(/s3cret/i);
  });
});

describe('a stored secret', () => {
  const url = 'services: {a: {image: "x:1", environment: {URL: "app://u:${DB}@db", N: "${N:-1}"}}}\n';

  it.each([
    ['a stack file', stackFile],
    ['a Compose file', compose],
  ])('is a variable that nobody else gives, in %s', (_, read) => {
    const { stack, sealing, missing } = read(url, { stored: ['DB', 'UNUSED'] });
    expect(Object.keys(sealing)).toEqual(['a.URL']);
    expect(referencesIn(String(sealing['a.URL']))).toEqual(['DB']);
    expect(stack.services.a!.variables).toEqual({ N: '1' });
    expect(missing).toEqual(['N']);
    for (const given of [{ shell: { DB: 'd' } }, { variables: { DB: 'd' } }])
      expect(read(url, { stored: ['DB'], ...given }).stack.services.a!.variables.URL).toBe('app://u:d@db');
    expect(plain(read(url, { stored: ['DB'], secrets: { DB: 'd' } }).sealing)).toEqual({ 'a.URL': 'app://u:d@db' });
  });

  it('gives way to .env, and is known in it', () => {
    const text = 'services: {a: {image: "x:1", environment: {URL: "${URL}"}}}\n';
    expect(compose(url, { stored: ['DB'] }, { '.env': 'DB=d\n' }).stack.services.a!.variables.URL).toBe('app://u:d@db');
    const { sealing } = compose(text, { stored: ['DB'] }, { '.env': 'URL=app://${DB}\n' });
    expect(referencesIn(String(sealing['a.URL']))).toEqual(['DB']);
    expect(compose(text, {}, { '.env': 'URL=app://${DB}\n' }).missing).toEqual(['DB']);
  });

  it('is a secret that the file declares', () => {
    const services = 'services: {a: {image: "x:1", secrets: [db, other]}}\n';
    const own = `secrets: {db: {stored: true}, other: {stored: API_KEY}}\n${services}`;
    const external = `secrets: {db: {external: true}, other: {external: true, name: API_KEY}}\n${services}`;
    for (const { stack, missing } of [
      stackFile(own),
      compose(external),
      compose(external, { stored: ['db', 'API_KEY'] }),
    ]) {
      expect(stack.secrets).toEqual({ db: { stored: 'db', sealed: '' }, other: { stored: 'API_KEY', sealed: '' } });
      expect(missing).toEqual(['db', 'API_KEY']);
    }
    const given = stackFile(own, { secrets: { API_KEY: 'k' } });
    expect([given.sealing, given.stack.secrets.other, given.missing]).toEqual([{ other: 'k' }, { sealed: '' }, ['db']]);
  });

  it('is the variable of a secret byte for byte', () => {
    const text = 'services: {a: {image: "x:1", secrets: [key]}}\nsecrets: {key: {environment: KEY}}\n';
    expect(compose(text, { stored: ['KEY'] }).stack.secrets).toEqual({ key: { stored: 'KEY', sealed: '' } });
    expect(compose(text, { stored: ['KEY'], shell: { KEY: 'k' } }).sealing).toEqual({ key: 'k' });
  });

  it('that is not stored is refused with the command that stores it', () => {
    const command = (name: string) => `deploy-code secret set ${name}`;
    expect(messageOf(() => stackFile(url, { stored: [] }))).toContain(command('DB'));
    expect(messageOf(() => stackFile(url))).not.toContain('secret set');
    const external = 'services: {a: {image: "x:1", secrets: [db]}}\nsecrets: {db: {external: true}}\n';
    expect(messageOf(() => compose(external, { stored: [] }))).toContain(
      `compose.yaml:2:11 secrets.db: db is not stored for this environment; store it with \`${command('db')}\``,
    );
    const byName = 'services: {a: {image: "x:1", secrets: [db]}}\nsecrets: {db: {environment: DB}}\n';
    expect(messageOf(() => compose(byName, { stored: [] }))).toContain(command('DB'));
  });

  it('tells by which variables a file might be completed, also where it is refused for them', () => {
    const read = () => stackFile('services: {a: {image: "x:${TAG}", environment: {A: "${B:-c}"}}}\n');
    expect(messageOf(read)).toContain('TAG');
    try {
      read();
    } catch (error) {
      expect((error as StackFileError).missing.sort()).toEqual(['B', 'TAG']);
    }
  });

  it.each(['services: {a: {image: "x:1", secrets: [s]}}\nsecrets: {s: {stored: "a b"}}\n'])('has a name: %s', (text) =>
    expect(messageOf(() => stackFile(text))).toContain('use letters, digits, _, . and -'),
  );
});

describe('a secret variable anywhere in a file', () => {
  const planted = { secrets: { PLANTED: 'Planted-Hunter2' } };
  /** Paths of all values, one of each kind. */
  const kinds = new Set<string>();
  const pathsOf = (data: unknown, path: (string | number)[] = []): (string | number)[][] => {
    if (path.length > 12) return [];
    if (Array.isArray(data)) return data.flatMap((item, index) => pathsOf(item, [...path, index]));
    if (isData(data)) return Object.entries(data).flatMap(([key, item]) => pathsOf(item, [...path, key]));
    const kind = path.map((part, at) => (typeof part === 'number' || at === 1 ? '*' : part)).join('.');
    return kinds.size < kinds.add(kind).size ? [path] : [];
  };
  const withAt = (data: unknown, [first, ...rest]: (string | number)[], value: string): unknown => {
    if (first === undefined) return value;
    if (Array.isArray(data)) return data.map((item, index) => (index === first ? withAt(item, rest, value) : item));
    return { ...(data as object), [first]: withAt((data as Record<string, unknown>)[first], rest, value) };
  };
  const shownBy = (name: string, data: unknown): string => {
    try {
      const { stack, warnings, document } = load({ [name]: stringify(data) }, planted);
      return JSON.stringify([stack, document(), warnings.map(formatProblem)]);
    } catch (error) {
      if (error instanceof StackFileError) return error.message;
      throw error;
    }
  };
  const configs = join(__dirname, '..', '..', 'configs');
  const corpus = join(__dirname, 'compose', 'corpus');
  const stackFiles = ['deploy-code', 'rollouts/blue-green', 'rollouts/canary', 'kubernetes/shop', 'quickstart'];
  const cases: [string, string[]][] = [
    ['deploy-code.yaml', stackFiles.map((name) => join(configs, `${name}.yaml`))],
    ['compose.yaml', readdirSync(corpus).map((each) => join(corpus, each, 'compose.yaml'))],
  ];
  const dataIn = (file: string): unknown[] => {
    try {
      return [parse(readFileSync(file, 'utf8'), { merge: true })];
    } catch {
      return [];
    }
  };

  it.each(cases)(
    'is never shown, and never stays in the stack: %s',
    (name, files) => {
      kinds.clear();
      const leaks = files
        .flatMap(dataIn)
        .flatMap((data) =>
          pathsOf(data).map((path) => ({ path, shown: shownBy(name, withAt(data, path, '${PLANTED}')) })),
        )
        .filter(({ shown }) => /hunter2/i.test(shown));
      expect(leaks).toEqual([]);
      expect(kinds.size).toBeGreaterThan(50);
    },
    120_000,
  );
});

describe('an env file that the client reads', () => {
  const text = 'ABOVE=here\nURL=pg://u:${DB}@db\nTOKEN\nDB\nALL=$ABOVE,$OWN,$TOKEN\nELSE=${GONE:-none}\n';
  const options = { secrets: { TOKEN: 't0ken' }, stored: ['DB', 'OWN', 'ABOVE', 'GONE'] };
  const service = 'services: {a: {image: "x:1", environment: {OWN: own}, env_file: ';

  it.each([
    ['a Compose file', compose(`${service} app.env}}\n`, options, { 'app.env': text })],
    [
      'a stack file',
      load(
        { 'deploy-code.yaml': `name: s\n${service} [{path: app.env, read_by: client}]}}\n`, 'app.env': text },
        options,
      ),
    ],
  ])('of %s takes secret variables; stored ones only if nothing else has a value', (_, { sealing, stack }) => {
    const values = sealing['a.env_file'] as Record<string, string>;
    expect(Object.fromEntries(Object.entries(values).map(([key, value]) => [key, reveal(value)]))).toEqual({
      ABOVE: 'here',
      ALL: 'here,own,t0ken',
      DB: 'DB',
      ELSE: 'GONE',
      TOKEN: 't0ken',
      URL: 'pg://u:DB@db',
    });
    const referred = Object.entries(values).map(([key, value]) => [key, referencesIn(value)] as const);
    expect(referred.filter(([, names]) => names.length > 0)).toEqual([
      ['DB', ['DB']],
      ['ELSE', ['GONE']],
      ['URL', ['DB']],
    ]);
    expect(JSON.stringify(stack)).not.toContain('t0ken');
  });

  it('tells which variables could be stored', () => {
    const { missing } = compose(`${service} app.env}}\n`, { variables: { TOKEN: 't' } }, { 'app.env': text });
    expect(missing.sort()).toEqual(['DB', 'GONE']);
  });

  it('refuses values that no variable can have', () => {
    const file = `${service} app.env}}\n`;
    const binary = { secrets: { DB: Buffer.from([0xff]) } };
    expect(messageOf(() => compose(file, binary, { 'app.env': 'DB\n' }))).toContain('the value of DB is not text');
    const marked = 'contains a character that no text may contain';
    expect(messageOf(() => compose(file, {}, { 'app.env': 'A=\uFDD0\uFDD0DB\uFDD1\n' }))).toContain(marked);
    const shell = { DB: '\uFDD0x' };
    expect(messageOf(() => compose(file, { shell }, { 'app.env': 'DB\n' }))).toContain(`the value of DB ${marked}`);
  });
});

describe('a secret of a stack file that the client reads', () => {
  const text =
    'name: s\nsecrets: {s: {environment: TOKEN, read_by: client}}\nservices: {a: {image: "x:1", secrets: [s]}}\n';
  const read = (options: LoadOptions, more = {}) => load({ 'deploy-code.yaml': text, ...more }, options);

  it('is what --secret gives byte for byte, else a variable, else what is stored', () => {
    const bytes = Buffer.from([0xff, 0x0a]);
    const stored = ['TOKEN'];
    expect(read({ secrets: { TOKEN: bytes }, stored }).sealing).toEqual({ s: bytes });
    expect(read({ variables: { TOKEN: 't' }, stored }).sealing).toEqual({ s: 't' });
    const { stack, sealing } = read({ stored });
    expect([stack.secrets.s, sealing]).toEqual([{ stored: 'TOKEN', sealed: '' }, {}]);
    expect(messageOf(() => read({ stored: [] }))).toContain(
      'the variable TOKEN is not set; set it, or store it with `deploy-code secret set TOKEN`',
    );
  });

  it('and values of --env-file can be made of secret variables', () => {
    const at = written({ 'app.env': 'TOKEN=x-$DB\n' });
    const { sealing } = read({ secrets: { DB: 'hunter2' }, envFiles: [at] });
    expect(plain(sealing)).toEqual({ s: 'x-hunter2' });
    const ofCompose = compose(
      'services: {a: {image: "x:1", command: "$URL"}}\n',
      { secrets: { DB: 'hunter2' } },
      { '.env': 'URL=x-$DB\n' },
    );
    expect(plain(ofCompose.sealing)).toEqual({ 'a.command.0': 'x-hunter2' });
    const { sealing: ofStored } = read({ stored: ['DB'], envFiles: [at] });
    expect(referencesIn(ofStored.s as string)).toEqual(['DB']);
  });
});
