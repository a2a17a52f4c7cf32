import { statusTable } from '../../src/cli/output/status-table';
import { rendered } from '../../src/cli/output/terminal';
import type { InstanceLine } from '../../src/model/instance-status';
import { delaysOf, type ProgressEvent } from '../../src/workflows/messages';

const line = (service: string, ordinal: number, more: Partial<InstanceLine> = {}): InstanceLine => ({
  service,
  ordinal,
  name: `${service}-${ordinal}`,
  state: 'running',
  health: 'healthy',
  image: 'app:1',
  restarts: 0,
  ports: [],
  release: 1,
  ...more,
});

describe('status', () => {
  const rows = (lines: InstanceLine[], wanted?: Record<string, number>) =>
    statusTable(lines, wanted)
      .slice(1)
      .map((row) => row.split(/ +/).slice(0, 3).join(' '));

  it('counts what runs against what is wanted', () => {
    expect(rows([line('api', 1)], { api: 2 })).toEqual(['api 1/2 degraded']);
    expect(rows([], { api: 2 })).toEqual(['api 0/2 down']);
    expect(rows([line('api', 1), line('api', 2)], { api: 2 })).toEqual(['api 2/2 healthy']);
    expect(rows([line('api', 1, { health: 'unhealthy' })], { api: 2 })).toEqual(['api 1/2 unhealthy']);
    expect(rows([line('api', 1), line('api', 2), line('api', 3)], { api: 2 })).toEqual(['api 3/3 healthy']);
    expect(rows([line('api', 1)])).toEqual(['api 1/1 healthy']);
  });

  it('cuts long names, then images, in the middle where a screen is too narrow for all columns', () => {
    const name = 'a-service-with-a-very-long-name-that-nobody-types-twice';
    const long = line(name, 1, { image: 'registry/acme/an-image-of-some-length:2026.11', ports: ['8080->80'] });
    const shown = (width: number) => statusTable([long, line('api', 1)], {}, width).map(rendered);
    expect(shown(79)[0]).toMatch(/^SERVICE +RUN +HEALTH +IMAGE +RESTARTS +PORTS$/);
    expect(shown(79)[1]).toBe('a-servic…s-twice  1/1  healthy  an-image-of-s…ength:2026.11  0         8080->80');
    expect(shown(100)[1]).toMatch(/^a-service-\S+…\S+-twice {2}1\/1 {2}healthy {2}an-image-of-some-length:2026.11 /);
    for (const width of [79, 100]) expect(shown(width)[1]).toHaveLength(width);
    expect(statusTable([long]).map(rendered)[1]).toContain(name);
  });

  it('knows the steps that wait for their platform now', () => {
    const event = (code: string, id: string, at: number) =>
      ({ code, at, step: { id, title: `start ${id}` }, data: { message: 'away' } }) as unknown as ProgressEvent;
    const events = [event('step.delayed', 'a', 1), event('step.delayed', 'b', 2), event('step.finished', 'a', 3)];
    expect(delaysOf(events)).toEqual([{ title: 'start b', message: 'away', since: 2 }]);
  });
});
