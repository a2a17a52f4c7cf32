import fc from 'fast-check';
import { boundedName, instanceName, testName } from '../../src/plan/names';
import { stackOf } from '../support/stack';

const label = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;
const words = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,80}[a-z0-9])?$/);
const numbers = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

describe('names of instances', () => {
  const stack = stackOf({ name: 'shop', environment: 'staging', services: { api: { image: 'a' } } });

  it('are what one expects while they are short', () => {
    expect(instanceName(stack, { name: 'api', kind: 'service' }, 1, 3)).toBe('shop-staging-api-1-d3');
    expect(testName(stack, 'api', 3)).toBe('shop-staging-api-test-d3');
  });

  it('stay one label of a domain name, whatever the number of the deployment', () => {
    fc.assert(
      fc.property(words, words, words, numbers, numbers, (name, environment, service, ordinal, deployment) => {
        const of = (count: number) =>
          instanceName({ ...stack, name, environment }, { name: service, kind: 'service' }, ordinal, count);
        expect(of(deployment).length).toBeLessThanOrEqual(63);
        expect(of(deployment)).toMatch(label);
        expect(of(deployment).endsWith(`-${ordinal}-d${deployment}`)).toBe(true);
        expect(of(deployment)).not.toBe(of(deployment === 1 ? 2 : deployment - 1));
      }),
    );
  });

  it('that are cut stay apart', () => {
    const long = 'checkout-platform-payment-provider-callbacks-of-everybody-';
    expect(boundedName(`${long}a`, '-1-d10')).not.toBe(boundedName(`${long}b`, '-1-d10'));
  });

  it('of jobs on a cluster stay one label too', () => {
    const cluster = stackOf({
      name: 'shop',
      environment: 'staging',
      infrastructure: { orchestrator: 'Kubernetes' },
      services: { api: { image: 'a' } },
    });
    const [, name] = instanceName(cluster, { name: 'a'.repeat(63), kind: 'job' }, 1, 1234).split('/');
    expect(name).toHaveLength(63);
  });
});
