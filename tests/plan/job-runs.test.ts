import { withRuns, type AppliedRuns, type JobRun } from '../../src/plan/service/job-runs';

const ran = (hash: string, more: Partial<JobRun> = {}): JobRun => ({
  service: 'migrate',
  hash,
  failed: false,
  ...more,
});
const hashes = (applied: AppliedRuns) =>
  (applied.migrate ?? []).map(
    ({ hash, deployment, released }) => `${hash} ${deployment}${released ? ' released' : ''}`,
  );

describe('the runs of a job that stay applied', () => {
  const first = withRuns(undefined, { deployment: 1, jobs: [ran('a')], releaseJobs: { migrate: 'a' } });

  it('are that of the current release, and successful ones since', () => {
    expect(hashes(first)).toEqual(['a 1 released']);
    const failed = withRuns(first, { deployment: 2, jobs: [ran('b'), ran('c', { failed: true })] });
    expect(hashes(failed)).toEqual(['a 1 released', 'b 2']);
    expect(hashes(withRuns(failed, { deployment: 3, jobs: [ran('b')] }))).toEqual(['a 1 released', 'b 2']);
  });

  it('are kept when a release is committed for which the job had run before', () => {
    const ahead = withRuns(first, { deployment: 2, jobs: [ran('b')] });
    const again = withRuns(ahead, { deployment: 3, jobs: [], releaseJobs: { migrate: 'a' } });
    expect(hashes(again)).toEqual(['b 2', 'a 1 released']);
    expect(hashes(withRuns(again, { deployment: 4, jobs: [], releaseJobs: { migrate: 'b' } }))).toEqual([
      'b 2 released',
    ]);
  });

  it('are history once another version has run and is committed', () => {
    const ahead = withRuns(first, { deployment: 2, jobs: [ran('b')] });
    const next = withRuns(ahead, { deployment: 3, jobs: [ran('c')], releaseJobs: { migrate: 'c' } });
    expect(hashes(next)).toEqual(['c 3 released']);
  });

  it('are that of the release and those of nineteen other versions, of jobs of any name', () => {
    let applied = first;
    for (let count = 2; count < 40; count += 1)
      applied = withRuns(applied, { deployment: count, jobs: [ran(`v${count}`)] });
    expect(applied.migrate).toHaveLength(20);
    expect(hashes(applied).slice(0, 2)).toEqual(['a 1 released', 'v21 21']);
    expect(withRuns({}, { deployment: 1, jobs: [ran('a', { service: 'constructor' })] })).toEqual({
      constructor: [{ hash: 'a', deployment: 1 }],
    });
  });
});
