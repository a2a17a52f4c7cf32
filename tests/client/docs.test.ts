import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '../..');

describe('the generated pages', () => {
  it('are what the schema and the command line say today', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/docs.js', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
