import { toApiError, toAway } from '../../src/runtimes/kubernetes/api/errors';
import { amountOf } from '../../src/kubernetes/quantities';

const body = (message: string, more: object = {}) => JSON.stringify({ kind: 'Status', message, ...more });

describe('an answer of the API server', () => {
  it.each([
    [429, 'too many requests', 'platform'],
    [500, 'etcdserver: request timed out', 'platform'],
    [503, 'apiserver is shutting down', 'platform'],
    [404, 'not found', 'missing'],
    [401, 'Unauthorized', 'software'],
    [403, 'exceeded quota', 'software'],
    [422, 'spec.replicas: Invalid value', 'software'],
  ] as const)('%d, "%s", is the trouble of: %s', (status, message, kind) => {
    expect(toApiError(status, body(message))).toMatchObject({ kind, message: expect.stringContaining(message) });
  });

  it('says who owns what, and what to do', () => {
    const causes = [
      {
        reason: 'FieldManagerConflict',
        message: 'conflict with "kubectl-edit" using apps/v1',
        field: '.spec.replicas',
      },
    ];
    expect(
      toApiError(409, body('Apply failed', { details: { kind: 'deployments', name: 'api', causes } })).message,
    ).toBe(
      'deployments api: another field manager owns .spec.replicas (kubectl-edit); remove the ' +
        'fields from the stack file, or take them over with --force',
    );
  });

  it('names the roles where the worker may not do something', () => {
    expect(
      toApiError(403, body('deployments.apps is forbidden: User "x" cannot patch resource "deployments"')).message,
    ).toMatch(/see the roles in configs\/kubernetes$/);
  });

  it('waits for a namespace that is on its way out', () => {
    expect(toApiError(403, body('forbidden', { details: { causes: [{ reason: 'NamespaceTerminating' }] } })).kind).toBe(
      'platform',
    );
  });

  it("that never came is the platform's", () => {
    expect(toAway(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))).toMatchObject({
      kind: 'platform',
      message: 'the Kubernetes API does not answer (ECONNREFUSED)',
    });
  });
});

describe('a quantity', () => {
  it.each([
    ['500m', 0.5],
    ['2', 2],
    ['64Mi', 64 * 2 ** 20],
    ['1G', 1e9],
    ['16393216Ki', 16_393_216 * 1024],
    ['1e3', 1000],
    [undefined, 0],
  ] as const)('%s is %d', (text, amount) => {
    expect(amountOf(text)).toBe(amount);
  });
});
