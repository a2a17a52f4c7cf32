import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownFiles, SourceRefused, SourceRules } from '../../src/policy';
import { largestSource } from '../../src/policy/sources';
import type { Policy } from '../../src/policy';

const place = { stack: 'shop', environment: 'test' };

describe('sources of secrets', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'deploy-code-sources-')));
  const dataDir = join(folder, 'data');
  const at = (name: string, content?: string | Buffer) => {
    const file = join(folder, name);
    mkdirSync(join(file, '..'), { recursive: true });
    if (content !== undefined) writeFileSync(file, content);
    return file;
  };
  const rules = (policy: Policy = {}, environment: Record<string, string> = {}) =>
    new SourceRules(policy, ownFiles({ dataDir }, environment));
  const read = (file: string, policy?: Policy) => rules(policy).read(file, 'files', place);
  const key = at('data/installation.key', 'the key');
  const keyFile = at('keys/encryption', 'k1:…');
  const formerKey = at('keys/former', 'the key of last year');

  it('are read as they are, byte by byte, up to a size', async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 10]);
    expect(await read(at('binary', bytes))).toEqual(bytes);
    expect(await read(at('largest', Buffer.alloc(largestSource)))).toHaveLength(largestSource);
    await expect(read(at('larger', Buffer.alloc(largestSource + 1)))).rejects.toThrow('larger than 1 MiB');
  });

  it.each([
    ['the password file', () => '/etc/shadow'],
    ['the environment of the worker', () => '/proc/self/environ'],
    ['the environment, by a detour', () => '/proc/../proc/self/../self/environ'],
    ['a device', () => '/dev/zero'],
    ['the kernel', () => '/sys/kernel/uevent_seqnum'],
    ['the keys of the machine', () => '/etc/ssh/ssh_host_ed25519_key'],
    ["the worker's ssh key", () => join(homedir(), '.ssh', 'id_ed25519')],
    ['the installation key', () => key],
    ['a former key', () => formerKey],
    ['anything else in the data folder', () => at('data/processes/x', 'x')],
    ['a development engine', () => at('project/.deploy-code/engine/key', 'x')],
    ['a symbolic link to the key', () => (symlinkSync(key, join(folder, 'soft')), join(folder, 'soft'))],
    [
      'a link to the folder of the key',
      () => (symlinkSync(dataDir, join(folder, 'folder')), join(folder, 'folder', 'installation.key')),
    ],
    ['a hard link to the key', () => (linkSync(keyFile, join(folder, 'hard')), join(folder, 'hard'))],
    [
      'a link to the environment',
      () => (symlinkSync('/proc/self/environ', join(folder, 'environ')), join(folder, 'environ')),
    ],
    ['a folder', () => folder],
    ['a pipe', () => (execFileSync('mkfifo', [join(folder, 'pipe')]), join(folder, 'pipe'))],
    ['a path with a zero byte', () => `${folder}/a\0b`],
  ])('refuse %s, under any policy', async (_, file) => {
    const name = file();
    const permissive = new SourceRules(
      { secrets: { files: ['/'] } },
      ownFiles(
        { dataDir },
        { DEPLOY_CODE_ENCRYPTION_KEY_FILE: keyFile, DEPLOY_CODE_FORMER_KEY_FILES: `/nowhere/key:${formerKey}` },
      ),
    );
    await expect(permissive.read(name, 'files', place)).rejects.toThrow(SourceRefused);
  });

  it.each(['DEPLOY_CODE_ENCRYPTION_KEY', 'TEMPORAL_API_KEY', 'VAULT_TOKEN', 'PGPASSWORD', 'KUBECONFIG'])(
    'refuse the variable %s, under any policy',
    async (environment) => {
      await expect(rules({ secrets: { environment: ['**'] } }).check({ environment }, place)).rejects.toThrow(
        'is reserved for the worker, and cannot be a secret of a stack; put the value into another variable',
      );
    },
  );

  it('are kept to the folders of the policy, links followed', async () => {
    const policy: Policy = { secrets: { files: [join(folder, 'teams', '{stack}')] } };
    const own = at('teams/shop/token', 'mine');
    const others = at('teams/bank/token', 'theirs');
    symlinkSync(others, join(folder, 'teams', 'shop', 'link'));
    expect(String(await read(own, policy))).toBe('mine');
    for (const file of [
      others,
      join(folder, 'teams/shop/../bank/token'),
      join(folder, 'teams/shop/link'),
      at('teams/shopping/token', 'x'),
    ]) {
      await expect(read(file, policy)).rejects.toThrow('rule secrets.files');
    }
    await expect(rules(policy).read(own, 'files', { stack: '../bank', environment: 'test' })).rejects.toThrow(
      'rule secrets.files',
    );
    await expect(rules(policy).read(own, 'files', undefined)).rejects.toThrow('rule secrets.files');
  });

  it('are kept to the variables and the paths of Vault that the policy names', async () => {
    const policy: Policy = { secrets: { environment: ['SHOP_*'], vault: ['secret/{stack}/**'] } };
    const vault = (path: string, mount = 'secret') => ({ vault: { mount, path, key: 'password' } });
    await rules(policy).check({ environment: 'SHOP_TOKEN' }, place);
    await rules(policy).check(vault('shop/db/main'), place);
    await expect(rules(policy).check({ environment: 'BANK_TOKEN' }, place)).rejects.toThrow('rule secrets.environment');
    await expect(rules(policy).check(vault('bank/db'), place)).rejects.toThrow('rule secrets.vault');
    for (const path of [
      'shop/../bank/db',
      'shop//db',
      'shop/%2e%2e/bank',
      'shop/db?version=1',
      '../auth/token',
      'shop/db/',
    ]) {
      await expect(rules(policy).check(vault(path), place)).rejects.toThrow(SourceRefused);
      await expect(rules().check(vault(path), place)).rejects.toThrow('not a path of Vault');
    }
  });
});
