import { challengesOf } from '../../../src/client/registries/challenges';

describe('the challenges of a registry', () => {
  it.each([
    ['Basic realm="x"', [{ scheme: 'basic', parameters: { realm: 'x' } }]],
    ['BASIC', [{ scheme: 'basic', parameters: {} }]],
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
      [{ scheme: 'bearer', parameters: { realm: 'https://auth.docker.io/token', service: 'registry.docker.io' } }],
    ],
    [
      'Negotiate, Bearer realm="a,b", scope = "x:y" , Basic realm=plain',
      [
        { scheme: 'negotiate', parameters: {} },
        { scheme: 'bearer', parameters: { realm: 'a,b', scope: 'x:y' } },
        { scheme: 'basic', parameters: { realm: 'plain' } },
      ],
    ],
    ['Basic realm="a \\"quoted\\" b"', [{ scheme: 'basic', parameters: { realm: 'a "quoted" b' } }]],
    ['Basic realm="unfinished', [{ scheme: 'basic', parameters: {} }]],
    ['"x"', []],
    ['', []],
  ])('of %j', (header, expected) => expect(challengesOf(header)).toEqual(expected));

  it('are read in time that grows with the header only', () => {
    const started = performance.now();
    challengesOf(`Basic realm="${'\\"'.repeat(500_000)}`);
    challengesOf('a,'.repeat(500_000));
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
