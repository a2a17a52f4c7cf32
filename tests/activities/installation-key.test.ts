import { chmodSync, mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installationKeys, InstallationKeyProblem } from '../../src/activities/secrets/installation-key';

const folder = () => mkdtempSync(join(tmpdir(), 'deploy-code-key-'));
const installationKey = (dataDir: string) => installationKeys(dataDir)[0];
const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);

const given = (content: Buffer, mode: number) => {
  const dataDir = folder();
  const file = join(dataDir, 'installation.key');
  writeFileSync(file, content);
  chmodSync(file, mode);
  return dataDir;
};

describe('the installation key', () => {
  it('is made once, for the worker alone, in a folder for the worker alone', () => {
    const dataDir = join(folder(), 'made', 'here');
    const key = installationKey(dataDir);
    expect(key).toHaveLength(32);
    expect(installationKey(dataDir)).toEqual(key);
    expect([modeOf(join(dataDir, 'installation.key')), modeOf(dataDir), readdirSync(dataDir)]).toEqual([
      '600',
      '700',
      ['installation.key'],
    ]);
  });

  it.each([
    ['empty', Buffer.alloc(0), 0o600, 'is empty; restore it from a backup'],
    [
      'too short',
      Buffer.alloc(31, 'k'),
      0o600,
      'has 31 bytes, fewer than the required 32; restore it from a backup, or remove it so that the ' +
        'worker creates a new one',
    ],
    [
      'too long',
      Buffer.alloc(5000, 'k'),
      0o600,
      'has 5000 bytes, more than the allowed 4096; check that it is the right file',
    ],
    ['open to all', Buffer.alloc(32, 'k'), 0o644, 'is accessible to others (mode 0644); run chmod 600'],
    ['writable by all', Buffer.alloc(32, 'k'), 0o602, 'is accessible to others (mode 0602)'],
    ['open to its group', Buffer.alloc(32, 'k'), 0o640, 'is accessible to others (mode 0640)'],
  ])('is refused where it is %s, with what to do', (_, content, mode, message) => {
    const dataDir = given(content, mode);
    expect(() => installationKey(dataDir)).toThrow(InstallationKeyProblem);
    expect(() => installationKey(dataDir)).toThrow(
      `the installation key ${join(dataDir, 'installation.key')} ${message}`,
    );
  });

  it('is refused where it is no file, or cannot be made', () => {
    const dataDir = folder();
    writeFileSync(join(dataDir, 'file'), '');
    expect(() => installationKey(join(dataDir, 'file', 'data'))).toThrow('cannot be read or created');
    mkdirSync(join(dataDir, 'installation.key'));
    expect(() => installationKey(dataDir)).toThrow(
      'is not a file; set DEPLOY_CODE_KEY_FILE to a file of at least 32 random bytes',
    );
  });

  describe('with former keys', () => {
    const former = [given(Buffer.alloc(32, 'a'), 0o600), given(Buffer.alloc(32, 'b'), 0o600)].map((dataDir) =>
      join(dataDir, 'installation.key'),
    );
    afterEach(() => delete process.env.DEPLOY_CODE_FORMER_KEY_FILES);

    it('is the first of all keys', () => {
      process.env.DEPLOY_CODE_FORMER_KEY_FILES = former.join(':');
      const keys = installationKeys(given(Buffer.alloc(32, 'c'), 0o600));
      expect(keys.map(String)).toEqual(['c', 'a', 'b'].map((letter) => letter.repeat(32)));
    });

    it('is not used while one of them cannot be, and none of them is made', () => {
      const missing = join(folder(), 'former.key');
      process.env.DEPLOY_CODE_FORMER_KEY_FILES = `${former[0]}:${missing}`;
      expect(() => installationKeys(folder())).toThrow(
        `DEPLOY_CODE_FORMER_KEY_FILES names ${missing}, which does not exist; correct the path, or remove it`,
      );
      writeFileSync(missing, 'short', { mode: 0o600 });
      expect(() => installationKeys(folder())).toThrow(`the installation key ${missing} has 5 bytes`);
    });
  });
});
