import { ThreatAlerts } from '../../src/api/access/threat-alerts';
import type { Threat } from '../../src/workflows/messages';

const threat = (source: string): Threat => ({ kind: 'denials', source });

describe('the subscribers of an installation', () => {
  const sent: string[][] = [];
  const failures: string[] = [];
  let failure: Error | undefined;
  let alerts: ThreatAlerts;
  beforeEach(() => {
    jest.useFakeTimers();
    sent.length = 0;
    failures.length = 0;
    failure = undefined;
    alerts = new ThreatAlerts(
      async (threats) => {
        if (failure) throw failure;
        sent.push(threats.map(({ source }) => source));
      },
      ({ message }) => failures.push(message),
    );
  });
  afterEach(() => jest.useRealTimers());

  it('are told of the first threat at once, and of those of the next minute together', async () => {
    for (const source of ['a', 'b', 'c']) alerts.add(threat(source));
    expect(sent).toEqual([['a']]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(sent).toEqual([['a'], ['b', 'c']]);
    await jest.advanceTimersByTimeAsync(60_000);
    alerts.add(threat('d'));
    expect(sent.at(-1)).toEqual(['d']);
  });

  it('are told what still waits when the server ends', async () => {
    for (const source of ['a', 'b']) alerts.add(threat(source));
    await alerts.close();
    expect(sent).toEqual([['a'], ['b']]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('miss a message that cannot be sent, which is said, and get the next', async () => {
    failure = new Error('Temporal is away');
    alerts.add(threat('a'));
    failure = undefined;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(failures).toEqual(['Temporal is away']);
    alerts.add(threat('b'));
    expect(sent).toEqual([['b']]);
  });

  it('are not told of more than a server can remember', async () => {
    for (let index = 0; index < 5000; index += 1) alerts.add(threat(String(index)));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(sent.map(({ length }) => length)).toEqual([1, 1000]);
  });
});
