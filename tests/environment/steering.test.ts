import { FailureDecision } from '../../src/workflows/deployment/people/failure-decision';
import { Steering } from '../../src/workflows/deployment/people/steering';

const log = { note: () => undefined, status: 'deploying', becomeSearchable: () => undefined, approvals: [] };

/** The steering of a deployment that waits for an approval. */
function steering(requester?: string): Steering {
  const decision = new FailureDecision(log as never);
  const made = new Steering(log as never, decision, () => undefined, requester);
  void made.approval('the switch of web', 'web', 1000).catch(() => undefined);
  return made;
}

jest.mock('../../src/workflows/support/serialised-events', () => ({ waitUntil: () => new Promise(() => undefined) }));

describe('an approval of four eyes', () => {
  const amendment = { services: [{ name: 'web' }], by: 'user:bob' } as never;

  it('is of nobody who has decided what is deployed: by the request, or by an amendment', () => {
    const made = steering('user:alice');
    const approved = (by: string) => () => made.check({ action: 'approve', by });
    expect(approved('user:alice')).toThrow('somebody else has to approve it (security.four_eyes)');
    expect(approved('user:bob')).not.toThrow();
    made.amend(amendment);
    expect(approved('user:bob')).toThrow('somebody else has to approve it (security.four_eyes)');
    expect(approved('user:carol')).not.toThrow();
  });

  it("is anybody's without that rule", () => {
    const made = steering();
    made.amend(amendment);
    expect(() => made.check({ action: 'approve', by: 'user:bob' })).not.toThrow();
  });
});
