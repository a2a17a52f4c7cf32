import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { underLock } from '../../src/guard/file-lock';
import { freePort } from '../../src/guard/free-port';
import { eventually } from '../support/eventually';

describe('deploy-code dev', () => {
  let folder: string;
  const started: ChildProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'deploy-code-dev-'));
    mkdirSync(join(folder, 'bin'));
    symlinkSync(process.env.DEPLOY_CODE_TEST_TEMPORAL_CLI!, join(folder, 'bin', 'temporal'));
  });
  afterEach(async () => {
    for (const child of started.splice(0)) await ended(child, 'SIGKILL');
    for (const pid of ofThisFolder()) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  const begun = async () => {
    const [port, uiPort] = [await freePort(), await freePort()];
    const PATH = `${join(folder, 'bin')}${delimiter}${process.env.PATH ?? ''}`;
    const child = spawn(
      process.execPath,
      [resolve('bin/deploy-code'), 'dev', '--port', String(port), '--ui-port', String(uiPort)],
      { cwd: folder, env: { ...process.env, PATH }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    started.push(child);
    const said = { text: '' };
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (said.text += chunk.toString()));
    return { child, said };
  };
  const ended = async (child: ChildProcess, signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      const gone = once(child, 'exit');
      child.kill(signal);
      await gone;
    }
    return child.exitCode;
  };
  /** Processes that were started there: it stands in their variables or arguments. */
  const ofThisFolder = () =>
    readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number)
      .filter((pid) => {
        try {
          return ['environ', 'cmdline'].some((what) => readFileSync(`/proc/${pid}/${what}`, 'utf8').includes(folder));
        } catch {
          return false;
        }
      });

  it('that is ended before it is ready leaves no process behind', async () => {
    const { child } = await begun();
    await eventually(async () => expect(ofThisFolder().some((pid) => pid !== child.pid)).toBe(true));
    await ended(child, 'SIGTERM');
    await eventually(async () => expect(ofThisFolder()).toEqual([]));
  });

  it('starts a worker that was killed again, and ends with all that it has started', async () => {
    const { child, said } = await begun();
    const worker = async (pattern: RegExp) => {
      await eventually(async () => expect(said.text).toMatch(pattern), 90_000);
      return Number(pattern.exec(said.text)![1]);
    };
    const first = await worker(/engine ready: .* worker (\d+) /);
    process.kill(first, 'SIGKILL');
    const second = await worker(/the worker was restarted \((\d+)\)/);
    expect(second).not.toBe(first);
    expect(said.text).toContain('the worker exited (SIGKILL)');

    const [, api] = /API (http:\/\/localhost:\d+\/api\/v1)/.exec(said.text)!;
    const { subject, roles } = (await (await fetch(`${api}/whoami`)).json()) as { subject: string; roles: object[] };
    expect([subject, roles]).toEqual([expect.stringMatching(/^user:/), [{ role: 'admin', scope: '*' }]]);
    const foreign = await fetch(`${api}/whoami`, { headers: { origin: 'https://evil.example' } });
    expect(foreign.status).toBe(403);
    expect(await ended(child, 'SIGTERM')).toBe(0);
    await eventually(async () => expect(ofThisFolder()).toEqual([]));
  });

  it('leaves a folder alone in which another one is starting', async () => {
    mkdirSync(join(folder, '.deploy-code'), { mode: 0o700 });
    await underLock(join(folder, '.deploy-code', 'dev.lock'), async () => {
      const { child, said } = await begun();
      await once(child, 'exit');
      expect({ code: child.exitCode, said: said.text }).toEqual({
        code: 2,
        said: expect.stringContaining('another `deploy-code dev` is starting or stopping in this folder') as string,
      });
    });
  });
});
