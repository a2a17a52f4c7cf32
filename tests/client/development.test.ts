import { chmodSync, chownSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify } from '../../src/guard/process-identity';
import { findDevelopmentEngine } from '../../src/temporal/connection/development';
import { cli } from '../support/cli';

describe('the file of a development engine', () => {
  const written = (more: object = {}, mode = 0o600) => {
    const folder = mkdtempSync(join(tmpdir(), 'deploy-code-dev-'));
    mkdirSync(join(folder, '.deploy-code'), { mode: 0o700 });
    const file = join(folder, '.deploy-code', 'dev.json');
    writeFileSync(
      file,
      JSON.stringify({
        address: '127.0.0.1:43001',
        ui: 'http://localhost:43002',
        dataDir: join(folder, 'data'),
        pids: { dev: process.pid },
        process: identify(process.pid),
        ...more,
      }),
    );
    chmodSync(file, mode);
    return { folder, file };
  };

  it('is trusted where it is of this user, and its very process runs', () => {
    expect(findDevelopmentEngine(written().folder)).toMatchObject({ address: '127.0.0.1:43001' });
  });

  it.each([
    ['others may write it', {}, 0o606],
    [
      'its process has ended and another one has its number',
      { process: { ...identify(process.pid)!, started: '1' } },
      0o600,
    ],
    ['its number is not that of its process', { pids: { dev: 1 } }, 0o600],
    ['it says nothing of its process', { process: undefined }, 0o600],
    ['it is something else', { address: 7 }, 0o600],
  ])('is not where %s', (_, more, mode) => {
    expect(findDevelopmentEngine(written(more, mode).folder)).toBeUndefined();
  });

  it('is not where others may write its folder, nor as a link, nor of another user', () => {
    const open = written();
    chmodSync(join(open.folder, '.deploy-code'), 0o707);
    const linked = mkdtempSync(join(tmpdir(), 'deploy-code-dev-'));
    symlinkSync(join(written().folder, '.deploy-code'), join(linked, '.deploy-code'));
    const foreign = written();
    if (process.getuid?.() === 0) chownSync(foreign.file, 65534, 65534);
    else chmodSync(foreign.file, 0o606);
    for (const { folder } of [open, { folder: linked }, foreign]) expect(findDevelopmentEngine(folder)).toBeUndefined();
  });

  it('keeps clients from another server where its engine has gone', async () => {
    const { folder } = written({ process: { ...identify(process.pid)!, started: '1' } });
    writeFileSync(join(folder, 'deploy-code.yaml'), 'name: shop\nservices: {app: {image: x}}\n');
    const environment = { TEMPORAL_ADDRESS: '' };
    expect(await cli(['status'], { cwd: folder, environment })).toMatchObject({
      code: 5,
      stderr: expect.stringContaining(`the development engine of ${folder} has stopped`) as string,
    });
    expect(await cli(['status', '--address', '127.0.0.1:1'], { cwd: folder, environment })).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('no Temporal server answers at 127.0.0.1:1') as string,
    });
  });

  it('is found from the folder of the stack file too, a running one before one that has stopped', async () => {
    const { folder } = written();
    const stack = join(folder, 'deploy-code.yaml');
    writeFileSync(stack, 'name: shop\nservices: {app: {image: x}}\n');
    const elsewhere = mkdtempSync(join(tmpdir(), 'deploy-code-dev-'));
    const ended = written({ process: { ...identify(process.pid)!, started: '1' } }).folder;
    for (const cwd of [elsewhere, ended])
      expect(await cli(['status', '-c', stack], { cwd, environment: { TEMPORAL_ADDRESS: '' } })).toMatchObject({
        code: 5,
        stderr: expect.stringContaining('no Temporal server answers at 127.0.0.1:43001') as string,
      });
  });

  it('that is not trusted has nothing stopped', async () => {
    const { folder } = written({}, 0o606);
    expect(await cli(['dev', '--stop'], { cwd: folder })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nothing was stopped') as string,
    });
  });
});
