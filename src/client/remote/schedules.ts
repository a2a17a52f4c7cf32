import type { ScheduleSpec } from '../../model/schedule';
import type { Place } from '../../workflows/messages';
import type { ScheduledRun, ScheduleListing, ScheduleView } from '../schedules';
import { pathOf } from './paths';
import type { Transport } from './transport';

/** Schedules of environments, through a server. */
export class RemoteSchedules {
  constructor(private readonly transport: Transport) {}

  create(place: Place, { name, ...body }: ScheduleSpec): Promise<void> {
    return this.transport.ask('POST', `${pathOf(place)}/schedules`, { body: { name, ...body } });
  }

  async list(place: Place): Promise<ScheduleListing> {
    const listing = await this.transport.ask<ScheduleListing>('GET', `${pathOf(place)}/schedules`);
    return { ...listing, schedules: listing.schedules.map(revived) };
  }

  async describe(place: Place, name: string): Promise<ScheduleView & { runs: ScheduledRun[] }> {
    const view = await this.transport.ask<ScheduleView & { runs: ScheduledRun[] }>('GET', of(place, name));
    return { ...revived(view), runs: view.runs.map((run) => ({ ...run, at: new Date(run.at) })) };
  }

  pause(place: Place, name: string, reason?: string): Promise<void> {
    return this.transport.ask('PUT', `${of(place, name)}/pause`, { body: { reason } });
  }

  resume(place: Place, name: string): Promise<void> {
    return this.transport.ask('DELETE', `${of(place, name)}/pause`);
  }

  trigger(place: Place, name: string): Promise<void> {
    return this.transport.ask('POST', `${of(place, name)}/runs`);
  }

  delete(place: Place, name: string): Promise<void> {
    return this.transport.ask('DELETE', of(place, name));
  }

  backfill(place: Place, name: string, from: Date, to: Date): Promise<void> {
    return this.transport.ask('POST', `${of(place, name)}/backfills`, { body: { from, to } });
  }
}

function of(place: Place, name: string): string {
  return `${pathOf(place)}/schedules/${encodeURIComponent(name)}`;
}

function revived(view: ScheduleView): ScheduleView {
  return {
    ...view,
    next: view.next.map((each) => new Date(each)),
    recent: view.recent.map((each) => ({ ...each, at: new Date(each.at) })),
  };
}
