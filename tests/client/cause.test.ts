process.env.NO_COLOR = '1';
const { causeText } = require('../../src/cli/output/result-text') as typeof import('../../src/cli/output/result-text');

describe('a cause', () => {
  const start = { step: 'api/start/1', title: 'start api-1 (api:2)' };

  it('leads with the exit, without the probe that did not reach what had exited', () => {
    const evidence = { exitCode: 1, outOfMemory: false, lastProbeError: ':8080 cannot be reached', logs: ['bad flag'] };
    expect(causeText({ ...start, message: 'api-1 exited 1', evidence })).toEqual([
      '  cause     start api-1 (api:2): api-1 exited 1',
      '            | bad flag',
    ]);
  });

  it('has the last probe of what runs, once', () => {
    const evidence = { lastProbeError: 'GET :80/ answered 500', logs: [] };
    expect(causeText({ ...start, message: 'api-1 is not healthy after 10 s', evidence })).toEqual([
      '  cause     start api-1 (api:2): api-1 is not healthy after 10 s, last probe: GET :80/ answered 500',
    ]);
    expect(causeText({ ...start, message: 'api-1 is unhealthy: GET :80/ answered 500', evidence })[0]).not.toContain(
      'last probe',
    );
  });

  it('says whether the memory ran out only of what was killed', () => {
    const first = (exitCode: number | undefined, outOfMemory: boolean) =>
      causeText({ ...start, message: 'it failed', evidence: { exitCode, outOfMemory, logs: [] } })[0]!.slice(
        '  cause     start api-1 (api:2): '.length,
      );
    expect([first(137, false), first(137, true), first(0, false), first(1, false), first(undefined, false)]).toEqual([
      'it failed, not out of memory',
      'it failed, OUT OF MEMORY',
      'it failed',
      'it failed',
      'it failed',
    ]);
  });

  it('has the further lines of a message before the logs, with the same indentation', () => {
    const evidence = { lastProbeError: 'sh exited 1: one\ntwo', logs: ['ready'] };
    expect(causeText({ ...start, message: 'api-1 is not healthy after 10 s', evidence })).toEqual([
      '  cause     start api-1 (api:2): api-1 is not healthy after 10 s, last probe: sh exited 1: one',
      '            | two',
      '            | ready',
    ]);
  });

  it('names the instance that failed before the one that was about to be stopped', () => {
    expect(
      causeText({ step: 'api/retire/shop-api-2-d1', title: 'stop shop-api-2-d1', message: 'api-1 crashed' }),
    ).toEqual(['  cause     api-1 crashed (before: stop shop-api-2-d1)']);
  });
});
