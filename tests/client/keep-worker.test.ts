import { spawn } from 'node:child_process';
import { SupervisedWorker } from '../../src/cli/dev/keep-worker';
import { untilTemporalExits } from '../../src/cli/dev/watch-temporal';
import { until } from '../support/until';

const run = (script: string) => spawn('sh', ['-c', script], { stdio: 'ignore' });

describe('the worker of a development engine', () => {
  it('is started again when it has died, and people are told', async () => {
    const said: string[] = [];
    let starts = 0;
    const worker = new SupervisedWorker({
      start: () => run((starts += 1) === 1 ? 'exit 7' : 'exec sleep 60'),
      say: (text) => said.push(text),
      log: 'worker.log',
      firstPauseMs: 10,
    });
    void worker.keep();
    await until(() => said.length >= 2);
    expect(said).toEqual([
      'the worker exited (exit code 7); restarting it in 0.01 s (log worker.log)',
      `the worker was restarted (${worker.child.pid})`,
    ]);
    const released = worker.release();
    released.kill('SIGKILL');
    await new Promise((resolve) => released.once('exit', resolve));
    expect(starts).toBe(2);
  });

  it('is given up when it dies again and again', async () => {
    const said: string[] = [];
    const worker = new SupervisedWorker({
      start: () => run('kill -9 $$'),
      say: (text) => said.push(text),
      log: 'worker.log',
      firstPauseMs: 1,
    });
    await expect(worker.keep()).rejects.toMatchObject({
      message: 'the worker exited 6 times within 5 minutes, most recently with SIGKILL',
      advice: 'see worker.log',
    });
    expect(said.filter((text) => text.includes('restarting it'))).toHaveLength(5);
  });

  it('is not left alone with a Temporal that has gone', async () => {
    await expect(untilTemporalExits(run('exit 3'), 'temporal.log')).rejects.toMatchObject({
      message: 'Temporal exited (exit code 3)',
    });
  });
});
