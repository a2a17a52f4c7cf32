import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';

/** Runs a program under the built guard, with a function that reports to stdout. */
async function run(program: string): Promise<{ code: number; said: string }> {
  const source = `const { guardProcess } = require(${JSON.stringify(resolve('dist/guard/process.js'))}); ${program}`;
  const child = spawn(process.execPath, ['-e', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said, [code]] = await Promise.all([text(child.stdout!), once(child, 'exit')]);
  return { code: code as number, said };
}

const guarded =
  "guardProcess({ onError: (error) => console.log('seen', error.message), " +
  "stop: () => (clearInterval(work), console.log('stopped')) });";

describe('a guarded process', () => {
  it('lives on after an exception and a rejection that nothing has caught', async () => {
    const { code, said } = await run(`const work = setInterval(() => undefined, 1000); ${guarded}
      setTimeout(() => { throw new Error('thrown'); }, 1);
      setTimeout(() => void Promise.reject('rejected'), 2);
      setTimeout(() => { console.log('alive'); clearInterval(work); }, 50);`);
    expect(said.split('\n')).toEqual(['seen thrown', 'seen rejected', 'alive', '']);
    expect(code).toBe(0);
  });

  it('stops in an orderly way, with exit code 1, once errors keep coming', async () => {
    const { code, said } = await run(`const work = setInterval(() => { throw new Error('again'); }, 1); ${guarded}`);
    expect(said).toMatch(/^(seen again\n){21}stopped\n/);
    expect(code).toBe(1);
  });

  it('survives a report that fails itself', async () => {
    const { code, said } = await run(`guardProcess({ onError: () => { throw new Error('no log'); } });
      setTimeout(() => { throw new Error('thrown'); }, 1);
      setTimeout(() => console.log('alive'), 50);`);
    expect([code, said]).toEqual([0, 'alive\n']);
  });
});
