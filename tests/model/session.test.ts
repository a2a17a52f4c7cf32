import { longestSessionMs, pauseAfter } from '../../src/model/session';

describe('a command session', () => {
  it('never sends more messages than a workflow takes, however much there is to send', () => {
    let elapsed = 0;
    let sent = 0;
    for (; elapsed < longestSessionMs; sent += 1) elapsed += pauseAfter(sent, elapsed);
    expect(sent).toBeLessThanOrEqual(4500);
    expect(pauseAfter(100, 60_000)).toBe(30);
  });
});
