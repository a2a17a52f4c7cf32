import { Readable } from 'node:stream';
import type { DockerConnection } from '../../src/runtimes/docker/api/connection';
import { endedByItself } from '../../src/runtimes/docker/exits';

describe('what has ended a container', () => {
  const finishedAt = '2026-11-20T10:00:00.5Z';
  const ended = (actions: string[], engineStarted?: string) => {
    const networks = [{ Name: 'bridge-of-others', Created: '2026-12-01T00:00:00Z' }];
    const docker = {
      getEvents: async () => Readable.from(actions.map((Action) => `${JSON.stringify({ Action })}\n`)),
      getContainer: () => ({ inspect: async () => ({ State: { FinishedAt: finishedAt } }) }),
      listNetworks: async () => [...networks, ...(engineStarted ? [{ Name: 'bridge', Created: engineStarted }] : [])],
    };
    return endedByItself({ docker } as unknown as DockerConnection, 'id');
  };

  it('is itself if nobody has sent it a signal since its last start', async () => {
    expect(await ended(['start', 'die'])).toBe(true);
    expect(await ended(['start', 'kill', 'die', 'stop', 'start', 'die'])).toBe(true);
  });

  it('is somebody else who has stopped or killed it', async () => {
    expect(await ended(['start', 'kill', 'die'])).toBe(false);
    expect(await ended(['die', 'stop'])).toBe(false);
  });

  it('is a restart of the engine that came later; before that, nobody knows any more', async () => {
    expect(await ended([], '2026-11-20T10:00:09Z')).toBe(false);
    expect(await ended([], '2026-11-20T09:00:00.123456789Z')).toBeUndefined();
    expect(await ended([])).toBeUndefined();
  });
});
