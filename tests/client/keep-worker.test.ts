import { spawn } from 'node:child_process';
import { KeptWorker } from '../../src/cli/dev/keep-worker';
import { untilTemporalIsGone } from '../../src/cli/dev/watch-temporal';
import { until } from '../support/until';

const run = (script: string) => spawn('sh', ['-c', script], { stdio: 'ignore' });

describe('the worker of a development engine', () => {
  it('is started again when it has died, and people are told', async () => {
    const said: string[] = [];
    let starts = 0;
    const worker = new KeptWorker({
      start: () => run((starts += 1) === 1 ? 'exit 7' : 'exec sleep 60'),
      say: (text) => said.push(text),
      log: 'worker.log',
      firstPauseMs: 10,
    });
    void worker.keep();
    await until(() => said.length >= 2);
    expect(said).toEqual([
      'the worker has ended with exit code 7; it starts again in 0.01 s (log worker.log)',
      `the worker runs again (${worker.child.pid})`,
    ]);
    const released = worker.release();
    released.kill('SIGKILL');
    await new Promise((resolve) => released.once('exit', resolve));
    expect(starts).toBe(2);
  });

  it('is given up when it dies again and again', async () => {
    const said: string[] = [];
    const worker = new KeptWorker({
      start: () => run('kill -9 $$'),
      say: (text) => said.push(text),
      log: 'worker.log',
      firstPauseMs: 1,
    });
    await expect(worker.keep()).rejects.toMatchObject({
      message: 'the worker has ended 6 times within 5 minutes, most recently with SIGKILL',
      advice: 'see worker.log',
    });
    expect(said.filter((text) => text.includes('starts again'))).toHaveLength(5);
  });

  it('is not left alone with a Temporal that has gone', async () => {
    await expect(untilTemporalIsGone(run('exit 3'), 'temporal.log')).rejects.toMatchObject({
      message: 'Temporal has ended with exit code 3',
    });
  });
});
