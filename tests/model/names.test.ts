import fc from 'fast-check';
import {
  requireDeploymentId,
  requireHostId,
  requireName,
  requireNumber,
  requireObject,
  requirePlace,
  NameProblem,
  type NameKind,
} from '../../src/model/names';
import { deploymentNumbered, deploymentsOf, keptReleasesOf, literal } from '../../src/temporal/visibility';
import { deploymentId, environmentId, hostId, hostQueue, releaseId, scheduleId } from '../../src/workflows/messages';
import { isFull } from '../support/exhaustive';

const cases = isFull ? 50_000 : 3000;

/** What people try: quotes, paths, queries, control characters, and anything else. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        'shop',
        '..',
        '/',
        "'",
        '"',
        '\\',
        ' OR ',
        '%2e',
        '?',
        '#',
        '\0',
        '\n',
        '\u202e',
        '-',
        '_',
        'A',
        '1',
        '.',
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join('')),
  fc.constantFrom('constructor', '', '__proto__', 'a'.repeat(41), "x' OR DeployCodeStack = 'y"),
);
const junk = fc.oneof(hostile, fc.anything());
const safe = /^[A-Za-z0-9_.:/-]+$/;
const isPath = (text: string) => safe.test(text) && !text.split('/').includes('..') && !text.split('/').includes('');

/** The law: whatever is given, either the text that comes out is safe, or nothing does and the reason is told. */
function holds(make: () => string, isSafe: (text: string) => boolean): boolean {
  try {
    return isSafe(make());
  } catch (error) {
    return error instanceof NameProblem && /^[\x20-\x7e…]*$/.test(error.message);
  }
}

describe(`names from outside (${cases} cases)`, () => {
  it('reach ids of workflows and task queues only as names', () => {
    fc.assert(
      fc.property(junk, junk, junk, (stack, environment, other) => {
        const place = { stack, environment } as never;
        const makers = [
          () => deploymentId(place, other as never),
          () => environmentId(place),
          () => releaseId(place, other as never),
          () => scheduleId(place, other as never),
          () => hostQueue(other as never),
          () => hostId({ runtime: stack as never, name: other as never }),
        ];
        return makers.every((make) => holds(make, isPath));
      }),
      { numRuns: cases },
    );
  });

  it('reach queries of Temporal only as names: nobody lists the deployments of another stack', () => {
    const query = /^WorkflowType = '(deployment|release)'( AND \w+ = ('[A-Za-z0-9_-]+'|\d+))+$/;
    fc.assert(
      fc.property(hostile, hostile, junk, (stack, environment, number) => {
        const place = { stack, environment };
        return [
          () => deploymentsOf(place),
          () => deploymentNumbered(place, number as never),
          () => keptReleasesOf(place),
        ].every((make) => holds(make, (text) => query.test(text)));
      }),
      { numRuns: cases },
    );
  });

  it('are quoted besides, so that a value ends where its text does', () => {
    fc.assert(
      fc.property(hostile, (value) => /^'([^'\\]|''|\\\\)*'$/s.test(literal(value))),
      { numRuns: cases },
    );
  });

  it('reach paths only as names: none leads out of its folder', () => {
    const kinds: NameKind[] = [
      'stack',
      'environment',
      'service',
      'schedule',
      'host',
      'namespace',
      'instance',
      'volume',
      'network',
      'request',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...kinds), junk, (kind, value) =>
        holds(
          () => requireName(kind, value),
          (text) => isPath(text) && !text.includes('/'),
        ),
      ),
      { numRuns: cases },
    );
    fc.assert(
      fc.property(junk, (value) =>
        holds(
          () => requireObject('instance', value),
          (text) => isPath(text) && text.split('/').length <= 2,
        ),
      ),
      { numRuns: cases },
    );
  });

  it('are taken where they are names', () => {
    expect(requirePlace({ stack: 'shop', environment: 'pre-prod_2' })).toEqual({
      stack: 'shop',
      environment: 'pre-prod_2',
    });
    expect(requireDeploymentId('deployment/shop/production/watch-repair-3-1-0f9c')).toBe(
      'deployment/shop/production/watch-repair-3-1-0f9c',
    );
    expect(requireHostId('host/docker')).toBe('host/docker');
    expect(requireHostId('host/kubernetes/stage-1')).toBe('host/kubernetes/stage-1');
    expect(requireObject('instance', 'shop-staging/api')).toBe('shop-staging/api');
    expect(requireObject('instance', 'shop-production-api-1-d3')).toBe('shop-production-api-1-d3');
    expect(requireNumber('release', 0)).toBe(0);
  });

  it('are refused with what was given and what to write', () => {
    expect(() => requireName('environment', "x' OR 'a' = 'a")).toThrow(
      "\"x' OR 'a' = 'a\" is not a valid name (environment): use lower-case letters, " +
        'digits, - and _, at most 40, starting with a letter or digit',
    );
    expect(() => requireName('stack', 'a\u001b[2J')).toThrow('"a\\u001b[2J" is not a valid name (stack)');
    expect(() => requireName('tokenId', 'x')).toThrow('"x" is not a valid name (token id)');
    expect(() => requireNumber('release', 1.5)).toThrow('is not the number of a release');
  });
});
