import {
  askedUntil,
  countedFailures,
  isForAnother,
  mayOrderAt,
  renewalAt,
  retryAt,
} from '../../src/plan/traffic/certificate-times';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const now = Date.parse('2026-11-29T12:00:00Z');
const refusal = { isFailedValidation: true };

describe('the times of certificates', () => {
  it('renews when a third of the lifetime is left, or a little earlier', () => {
    const ninetyDays = { notBefore: now, notAfter: now + 90 * day };
    expect(renewalAt(ninetyDays, 0)).toBe(now + 60 * day);
    expect(renewalAt(ninetyDays, 1)).toBe(now + 57 * day);
    expect(renewalAt({ notBefore: now, notAfter: now + minute }, 0)).toBe(now + 40_000);
  });

  it('orders anew for other names and another CA', () => {
    const current = { hosts: ['a.example.com', 'b.example.com'], directory: 'https://ca.example.com/dir' };
    expect(isForAnother(current, current)).toBe(false);
    expect(isForAnother(current, { ...current, hosts: ['a.example.com'] })).toBe(true);
    expect(isForAnother(current, { ...current, directory: 'https://other.example.com/dir' })).toBe(true);
  });

  it('stays within five failed validations in any hour, however unlucky the jitter', () => {
    const failures: number[] = [];
    for (let at = now, attempts = 1; attempts <= 40; attempts += 1) {
      failures.push(at);
      at = retryAt({ attempts, refusal }, at, 0);
    }
    for (const start of failures) {
      expect(failures.filter((at) => at >= start && at < start + hour).length).toBeLessThanOrEqual(5);
    }
    expect(failures.at(-1)! - failures.at(-2)!).toBe(3 * hour);
  });

  it('tries again soon after trouble that is not the fault of the names, and slower each time', () => {
    expect(retryAt({ attempts: 1 }, now, 0)).toBe(now + 30_000);
    expect(retryAt({ attempts: 2 }, now, 1)).toBe(now + 72_000);
    expect(retryAt({ attempts: 1000 }, now, 0)).toBe(now + hour);
  });

  it('waits as long as the CA says, but not for ever', () => {
    expect(retryAt({ attempts: 1, refusal: { ...refusal, retryAt: now + 5 * hour } }, now, 0)).toBe(now + 5 * hour);
    expect(retryAt({ attempts: 1, refusal: { ...refusal, retryAt: now + 1 } }, now, 0)).toBe(now + 2 * minute);
    expect(askedUntil({ ...refusal, retryAt: now + 1000 * day }, now)).toBe(now + 7 * day);
  });

  it('lets deployments try at once, up to four failed validations in an hour', () => {
    const failedAt = [now - 50 * minute, now - 40 * minute, now - 30 * minute, now - minute];
    expect(mayOrderAt(failedAt.slice(1), now)).toBe(now);
    expect(mayOrderAt(failedAt, now)).toBe(now + 10 * minute);
    expect(countedFailures([now - 2 * hour, ...failedAt], now)).toEqual(failedAt);
  });
});
