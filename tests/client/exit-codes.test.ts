import { exitCodeOf } from '../../src/cli/exit-codes';
import { resultText } from '../../src/cli/output/result-text';
import type { DeploymentResult, Outcome } from '../../src/workflows/messages';

const result = (more: Partial<DeploymentResult>): DeploymentResult => ({
  outcome: 'succeeded',
  intent: 'deploy',
  requestedBy: 'ana',
  deployment: 3,
  release: 2,
  refusals: [],
  warnings: [],
  tolerated: [],
  notUndone: [],
  leftBehind: [],
  changed: ['api'],
  durationMs: 3900,
  ...more,
});

describe('the exit code', () => {
  it.each<[Outcome, number]>([
    ['succeeded', 0],
    ['unchanged', 0],
    ['rolled_back', 1],
    ['left_as_is', 1],
    ['refused', 2],
    ['rollback_incomplete', 3],
    ['cancelled', 4],
  ])('of %s is %i', (outcome, code) => expect(exitCodeOf(outcome)).toBe(code));
});

describe('the last lines of a deployment', () => {
  it('show why it failed, what stays, and what to do next', () => {
    const evidence = { exitCode: 1, outOfMemory: false, logs: ['REDIS_URL: unsupported scheme'] };
    expect(
      resultText(
        result({
          outcome: 'rolled_back',
          rollbackMs: 3900,
          cause: { service: 'api', step: 'api/start/1', title: 'start api-1', message: 'api-1 exited 1', evidence },
          notUndone: ['migrate (api:1.6.0) ran and stays applied'],
        }),
        ' -e staging',
      ),
    ).toEqual([
      'FAILED, rolled back in 3.9s. Running: release 2. Exit 1',
      '  cause     start api-1: api-1 exited 1',
      '            | REDIS_URL: unsupported scheme',
      '  NOT undone: migrate (api:1.6.0) ran and stays applied',
      '  next      deploy-code logs 3 api -e staging',
    ]);
  });

  it('name the logs only where some were kept', () => {
    const cause = { service: 'api', step: 'api/start/1', title: 'start api-1', message: 'no such image' };
    for (const evidence of [undefined, { logs: [] }])
      expect(
        resultText(result({ outcome: 'rolled_back', rollbackMs: 3900, cause: { ...cause, evidence } }), ''),
      ).toEqual(['FAILED, rolled back in 3.9s. Running: release 2. Exit 1', '  cause     start api-1: no such image']);
  });

  it('name what a rollback could not finish, and how it goes on', () => {
    expect(
      resultText(result({ outcome: 'rollback_incomplete', leftBehind: ['remove api-1: will not go'] }), ''),
    ).toEqual([
      'FAILED, and the rollback is incomplete. Exit 3',
      '  left: remove api-1: will not go',
      '  next      fix the problems above, then run `deploy-code rollback --to 2`',
    ]);
  });

  it('say when the memory was too small', () => {
    expect(
      resultText(
        result({
          outcome: 'rolled_back',
          rollbackMs: 0,
          cause: { step: 's', message: 'm', evidence: { outOfMemory: true, logs: [] } },
        }),
        '',
      )[1],
    ).toBe('  cause     s: m, OUT OF MEMORY');
  });
});
