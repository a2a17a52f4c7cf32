import { emptyObservation, plan } from '../support/observation';
import { stackOf } from '../support/stack';

const pullsOf = (keys: object, platform: string | undefined, id = 'sha256:api') => {
  const stack = stackOf({ name: 'shop', environment: 'test', services: { api: { image: 'api:1', ...keys } } });
  const images = [{ reference: 'api:1', id, ...(platform !== undefined && { platform }) }];
  return plan(stack, { ...emptyObservation(stack), images }).plan.pulls.map(({ image }) => image);
};

describe('an image', () => {
  it('that is on the host is not pulled, also where a platform is asked for that it fits', () => {
    expect(pullsOf({}, 'linux/amd64')).toEqual([]);
    expect(pullsOf({ platform: 'linux/amd64' }, 'linux/amd64')).toEqual([]);
    expect(pullsOf({ platform: 'linux/amd64' }, undefined)).toEqual([]);
  });

  it('of another platform is pulled for the one that is asked for', () => {
    expect(pullsOf({ platform: 'linux/arm64' }, 'linux/amd64')).toEqual([
      { reference: 'api:1', policy: 'missing', platform: 'linux/arm64' },
    ]);
  });

  it('that is asked for once in a time is pulled by that, and a missing one at once', () => {
    expect(pullsOf({ pull_policy: 'daily' }, 'linux/amd64')).toEqual([
      { reference: 'api:1', policy: 'always', afterMs: 86_400_000 },
    ]);
    expect(pullsOf({}, undefined, '')).toEqual([{ reference: 'api:1', policy: 'missing' }]);
  });
});
