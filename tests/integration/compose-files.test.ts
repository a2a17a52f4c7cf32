import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { loadStack } from '../../src/config';
import { startEngine, type TestEngine } from '../support/engine';
import { docker, wipe } from '../support/docker-world';
import { historiesIn } from '../support/histories';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import { uniqueName } from '../support/stack';

const compose = `services:
  Web.App:
    image: ${images.app}
    links: ["db:database"]
    depends_on:
      db: {condition: service_healthy}
      migrate: {condition: service_completed_successfully}
    environment:
      DATABASE_URL: postgres://app:\${DB_PASSWORD}@db/app
      VERSION: 1.10
      ZIP: 01234
      EXPONENT: 1e3
      FROM_SHELL:
      UNSET:
    volumes: ["./made:/made", "plain:/plain:nocopy"]
    secrets: [{source: token, target: api-token, mode: 0400}]
    configs: [{source: motd, target: /etc/motd, mode: 440}]
    healthcheck: {test: wget -q -O /dev/null http://127.0.0.1:8080/healthz, interval: 1s}
    stop_grace_period: 2s
    annotations: {com.example.a: b}
    domainname: example.test
    blkio_config: {weight: 300}
  db:
    image: ${images.app}
    container_name: the-db
    command: [sh, -c, "echo key=$$0; exec /bin/app", "\${DB_PASSWORD}"]
    labels: {com.example.login: "user:\${API_TOKEN}"}
    hostname: db-host
    networks: {default: {ipv4_address: 10.43.160.20}}
    healthcheck: {test: 'test "$$HOSTNAME" = db-host && test \${API_TOKEN} = token-4722', interval: 1s}
    volumes: [/data]
    post_start: [{command: [sh, -c, "echo $$0 >> /data/started", "\${DB_PASSWORD}"]}]
    pre_stop: [{command: [sh, -c, "echo $$0 > /data/stopped", "it's \${API_TOKEN}"]}, {command: ["true"]}]
    stop_grace_period: 2s
  migrate:
    image: ${images.app}
    command: ["true"]
    depends_on: [db]
  alone:
    image: ${images.app}
    network_mode: none
    scale: 2
    volumes: [/own]
    stop_grace_period: 1s
    environment: {VERSION: "1"}
    env_file: [alone.env, {path: raw.env, format: raw}, {path: missing.env, required: false}]
  debug: {image: ${images.app}, profiles: [debug], command: sh -c "exit 1"}
secrets: {token: {environment: API_TOKEN}}
configs: {motd: {content: "hello \${GREETING}\\n"}}
volumes: {plain: {driver_opts: {type: tmpfs, device: tmpfs, o: size=1m}, labels: {com.example.kind: scratch}}}
networks:
  default:
    driver_opts: {com.docker.network.bridge.enable_icc: "true"}
    labels: {com.example.net: "1"}
    ipam: {config: [{subnet: 10.43.160.0/24, gateway: 10.43.160.254, ip_range: 10.43.160.128/25}]}
`;

describeWith('docker', 'a Compose file', () => {
  const name = uniqueName('composed');
  const folder = join(mkdtempSync(join(tmpdir(), 'deploy-code-compose-')), name);
  const shell = { FROM_SHELL: 'from-shell', GREETING: 'there' };
  const planted = ['db-pass-4721', 'token-4722', 'changed-pass-4723', 'of-file-4724', 'changed-of-file-4725'];
  let engine: TestEngine;

  /** The env files are gone before a worker could read them. */
  const load = (password: string, ofFile = planted[3]!, profiles: string[] = []) => {
    const at = (file: string) => join(folder, file);
    writeFileSync(at('.env'), `DB_PASSWORD=${password}\nAPI_TOKEN=${planted[1]}\n`);
    writeFileSync(
      at('alone.env'),
      `PLAIN=${ofFile}\nFROM_SHELL\nNOWHERE\nVERSION=2\nREFERS="[\${GREETING}]\\t$PLAIN"\n`,
    );
    writeFileSync(at('raw.env'), `RAW="$PLAIN" # kept\n`);
    const loaded = loadStack({ file: at('compose.yaml'), environment: 'test', shell, profiles });
    for (const file of ['alone.env', 'raw.env']) rmSync(at(file));
    return loaded;
  };
  const sealed = async (password: string, ofFile?: string) => {
    const { stack, sealing } = load(password, ofFile);
    return engine.client.seal(stack, sealing);
  };
  const instance = (service: string, deployment = 1) => `${name}-test-${service}-1-d${deployment}`;
  const shown = (service: string, command: string, deployment = 1) => run(instance(service, deployment), command);
  const run = async (name: string, command: string) => {
    const container = docker.getContainer(name);
    const exec = await container.exec({ Cmd: ['sh', '-c', command], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({ hijack: true, stdin: false });
    const chunks: Buffer[] = [];
    const out = new Writable({ write: (chunk: Buffer, _, done) => (chunks.push(chunk), done()) });
    docker.modem.demuxStream(stream, out, out);
    await finished(stream, { writable: false });
    return Buffer.concat(chunks).toString();
  };

  beforeAll(async () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'compose.yaml'), compose);
    engine = await startEngine('compose-files');
    expect(await (await engine.client.deploy(await sealed(planted[0]!))).result()).toMatchObject({
      outcome: 'succeeded',
    });
  });
  afterAll(async () => {
    await wipe(name);
    await engine.close();
  });

  it('gives its services the names of containers, hosts and links', async () => {
    for (const host of ['db', 'the-db', 'db-host', 'database'])
      expect(await shown('Web.App', `wget -q -O - http://${host}:8080/version`)).toBe('1\n');
    expect(await shown('db', 'cat /etc/hostname')).toBe('db-host\n');
  });

  it('passes variables on verbatim, with values of the shell and of .env', async () => {
    const environment = (await shown('Web.App', 'env')).split('\n');
    expect(environment).toEqual(
      expect.arrayContaining([
        'VERSION=1.10',
        'ZIP=01234',
        'EXPONENT=1e3',
        'FROM_SHELL=from-shell',
        `DATABASE_URL=postgres://app:${planted[0]}@db/app`,
      ]),
    );
    expect(environment.some((line) => line.startsWith('UNSET'))).toBe(false);
  });

  it('passes on the variables of env files, as the client reads them', async () => {
    const { Config } = await docker.getContainer(instance('alone')).inspect();
    expect(Config.Env).toEqual(
      expect.arrayContaining([
        `PLAIN=${planted[3]}`,
        'FROM_SHELL=from-shell',
        'VERSION=1',
        `REFERS=[there]\t${planted[3]}`,
        'RAW="$PLAIN" # kept',
      ]),
    );
    expect(Config.Env.some((line) => line.startsWith('NOWHERE'))).toBe(false);
  });

  it('makes files with the very bytes and modes', async () => {
    expect(await shown('Web.App', 'cat /run/secrets/api-token; echo; cat /etc/motd')).toBe(
      `${planted[1]}\nhello there\n`,
    );
    expect(await shown('Web.App', 'stat -c %a /run/secrets/api-token /etc/motd')).toBe('400\n440\n');
  });

  it('makes folders, volumes and networks as written', async () => {
    expect(statSync(join(folder, 'made')).isDirectory()).toBe(true);
    const [network] = await docker.listNetworks({ filters: { name: [`${name}-test_default`] } });
    expect(network).toMatchObject({
      IPAM: { Config: [{ Subnet: '10.43.160.0/24', Gateway: '10.43.160.254', IPRange: '10.43.160.128/25' }] },
      Options: { 'com.docker.network.bridge.enable_icc': 'true' },
      Labels: { 'com.example.net': '1' },
    });
    const volume = await docker.getVolume(`${name}-test_plain`).inspect();
    expect(volume).toMatchObject({ Options: { type: 'tmpfs' }, Labels: { 'com.example.kind': 'scratch' } });
    const web = await docker.getContainer(instance('Web.App')).inspect();
    expect(web.HostConfig.Mounts).toEqual([
      expect.objectContaining({ Target: '/plain', VolumeOptions: { NoCopy: true } }),
    ]);
    expect(web.Config.Domainname).toBe('example.test');
    const db = await docker.getContainer(instance('db')).inspect();
    expect(db.NetworkSettings.Networks[`${name}-test_default`]!.IPAddress).toBe('10.43.160.20');
    expect(db.Mounts).toEqual([expect.objectContaining({ Name: `${name}-test_db-data`, Destination: '/data' })]);
    const alone = await docker.getContainer(instance('alone')).inspect();
    expect(alone.HostConfig.NetworkMode).toBe('none');
  });

  it('leaves services of profiles that are not active out', async () => {
    expect(Object.keys(load(planted[0]!).stack.services)).not.toContain('debug');
    expect(Object.keys(load(planted[0]!, planted[3]!, ['debug']).stack.services)).toContain('debug');
  });

  it('changes nothing when its secrets are sealed anew, and their service when they change', async () => {
    expect(await (await engine.client.deploy(await sealed(planted[0]!))).result()).toMatchObject({
      outcome: 'unchanged',
      changed: [],
    });
    expect(await (await engine.client.deploy(await sealed(planted[2]!))).result()).toMatchObject({
      outcome: 'succeeded',
      changed: ['db', 'Web.App'],
    });
  });

  it('gives its containers credentials in commands, labels and health checks', async () => {
    const { Config, State } = await docker.getContainer(instance('db', 3)).inspect();
    expect(Config.Cmd!.at(-1)).toBe(planted[2]);
    expect(Config.Labels['com.example.login']).toBe(`user:${planted[1]}`);
    expect(Config.Healthcheck!.Test!.at(-1)).toContain(planted[1]);
    expect(State.Health!.Status).toBe('healthy');
    const { stack } = load(planted[2]!);
    expect(JSON.stringify(stack.services.db!.command)).toContain('${sealed:db.command.3}');
    expect((await engine.client.logs(stack, ['db'], 10)).found[0]!.lines[0]).toBe('key=***');
  });

  it('gives its hooks credentials, which neither its labels nor its environment hold', async () => {
    expect(await shown('db', 'cat /data/started', 3)).toBe(`${planted[0]}\n${planted[2]}\n`);
    expect(await shown('db', 'cat /data/stopped', 3)).toBe(`it's ${planted[1]}\n`);
    const { Config } = await docker.getContainer(instance('db', 3)).inspect();
    const own = Object.entries(Config.Labels).filter(([key]) => key.startsWith('deploy-code.'));
    expect(JSON.stringify(own)).toContain('${sealed:db.hooks.pre_stop.');
    for (const value of planted) expect(JSON.stringify([own, Config.Env]).includes(value)).toBe(false);
  });

  it('goes back to an earlier release with the secrets that it had', async () => {
    const back = await engine.client.rollback({ stack: name, environment: 'test' }, { to: 1 });
    const result = await back.result();
    expect(result).toMatchObject({ outcome: 'succeeded', changed: ['db', 'Web.App'] });
    expect(await shown('Web.App', 'echo $DATABASE_URL', result.deployment)).toContain(planted[0]);
  });

  it('replaces only the service whose env file has changed', async () => {
    const { plan } = await engine.client.plan(await sealed(planted[0]!, planted[4]));
    expect(JSON.stringify(plan)).toContain('"env_file"');
    const replica = (ordinal: number, deployment: number) => `${name}-test-alone-${ordinal}-d${deployment}`;
    for (const ordinal of [1, 2]) await run(replica(ordinal, 1), `echo ${ordinal} > /own/file`);
    const result = await (await engine.client.deploy(await sealed(planted[0]!, planted[4]))).result();
    expect(result).toMatchObject({ outcome: 'succeeded', changed: ['alone'] });
    for (const ordinal of [1, 2])
      expect(await run(replica(ordinal, result.deployment!), 'cat /own/file')).toBe(`${ordinal}\n`);
  });

  it('never shows its secrets in a history or in logs', async () => {
    const logs = await engine.client.exec(load(planted[0]!).stack, (await running())!, ['sh', '-c', 'env']);
    expect(logs.output).toContain('DATABASE_URL=***');
    const all = await historiesIn('compose-files');
    expect(all).toContain('startInstance');
    for (const value of planted)
      for (const form of [
        value,
        Buffer.from(value).toString('base64').replace(/=+$/, ''),
        Buffer.from(value).toString('hex'),
      ])
        expect(all.includes(form)).toBe(false);
  });

  /** Name of the instance of the web service. */
  const running = async () => {
    const filters = { label: [`deploy-code.stack=${name}`, 'deploy-code.service=Web.App'] };
    const [container] = await docker.listContainers({ filters });
    return container?.Names[0]?.slice(1);
  };
});
