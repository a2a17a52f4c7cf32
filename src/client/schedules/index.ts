import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleHandle,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import type { StatementSigner } from '../../guard/access/statement';
import { requestText } from '../../model/access';
import { isName } from '../../model/names';
import type { ScheduleSpec, UnattendedEnd } from '../../model/schedule';
import { placeAttributes, scheduleId, schedulePrefix, type Place, type RedeployInput } from '../../workflows/messages';
import { BadRequest } from '../../temporal/errors';
import { statementFor } from '../access/statements';
import { isFromTemporal } from '../../temporal/temporal-errors';
import { unlessMissing } from '../../temporal/unless-missing';
import { userName } from '../user';
import { requestRuns, type ExtraRuns } from './patch';
import { overlaps, toOptions, toView, UnreadableSchedule, unlessUnreadable, type ScheduleView } from './view';

export { unreadableText, type ScheduleView } from './view';

/** A run of a schedule; `end` is absent while it runs. */
export interface ScheduledRun {
  at: Date;
  workflowId: string;
  end?: UnattendedEnd;
}

/** Schedules of an environment, by name. */
export interface ScheduleListing {
  schedules: ScheduleView[];
  /** Names of schedules that another program created, or this engine with another encryption key. */
  unreadable: string[];
}

/** Schedules of environments, stored as Temporal Schedules. */
export class Schedules {
  /** `record`: records an action in the audit trail of the environment, before it is performed. */
  constructor(
    private readonly temporal: Client,
    private readonly record: (place: Place, what: string) => Promise<void>,
    private readonly signer?: StatementSigner,
  ) {}

  /**
   * Creates a schedule; with a `requestId` that was used before, it is that schedule.
   * @throws BadRequest if the name is in use, or Temporal rejects the times
   */
  async create(place: Place, spec: ScheduleSpec, requestId?: string): Promise<void> {
    await this.record(place, `schedule create ${spec.name}`);
    await this.make(place, spec, 'client', requestId);
  }

  private async make(
    place: Place,
    spec: ScheduleSpec,
    source: RedeployInput['source'],
    requestId?: string,
  ): Promise<void> {
    const options = toOptions(this.inputOf(place, spec, source));
    await this.temporal.schedule
      .create({
        scheduleId: scheduleId(place, spec.name),
        ...options,
        typedSearchAttributes: placeAttributes(place),
        ...(requestId !== undefined && { memo: { [requestMemo]: requestId } }),
      })
      .catch(async (error: Error) => {
        if (error instanceof ScheduleAlreadyRunning && (await this.isOf(place, spec.name, requestId))) return;
        if (error instanceof ScheduleAlreadyRunning)
          throw new BadRequest(`the schedule ${spec.name} already exists; delete it first, or choose another name`);
        throw isInvalid(error)
          ? new BadRequest(`Temporal rejects the schedule ${spec.name}: ${causeOf(error)}`)
          : error;
      });
  }

  /** True if a schedule was created by a request. */
  private async isOf(place: Place, name: string, requestId: string | undefined): Promise<boolean> {
    return requestId !== undefined && (await this.handle(place, name).describe()).memo?.[requestMemo] === requestId;
  }

  /** All schedules of an environment, by name. */
  async list(place: Place): Promise<ScheduleListing> {
    const listing: ScheduleListing = { schedules: [], unreadable: [] };
    const names = (await this.namesOf(place)).sort();
    const found = await Promise.all(names.map((name) => this.find(place, name).catch(unlessUnreadable)));
    found.forEach((each, index) => {
      if (each === 'unreadable') listing.unreadable.push(names[index]!);
      else if (each) listing.schedules.push(each);
    });
    return listing;
  }

  /**
   * Does not use the list of the SDK, which fails at the first schedule of another program that the data converter
   * cannot decode.
   */
  private async namesOf(place: Place): Promise<string[]> {
    const {
      workflowService,
      options: { namespace },
    } = this.temporal;
    const prefix = schedulePrefix(place);
    const names: string[] = [];
    let nextPageToken: Uint8Array | undefined;
    do {
      const page = await workflowService.listSchedules({ namespace, nextPageToken, maximumPageSize: pageSize });
      const ids = (page.schedules ?? []).map(({ scheduleId: id }) => id ?? '').filter((id) => id.startsWith(prefix));
      names.push(...ids.map((id) => id.slice(prefix.length)).filter((name) => isName('schedule', name)));
      nextPageToken = page.nextPageToken?.length ? page.nextPageToken : undefined;
    } while (nextPageToken);
    return names;
  }

  /** A schedule with its next times and last runs. @throws BadRequest if there is none of that name */
  async describe(place: Place, name: string): Promise<ScheduleView & { runs: ScheduledRun[] }> {
    const view = await this.get(place, name);
    return { ...view, runs: await Promise.all(view.recent.map((run) => this.runOf(run))) };
  }

  /** Its list shows who has paused it, and why. */
  async pause(place: Place, name: string, reason?: string): Promise<void> {
    await this.record(place, `schedule pause ${name}`);
    const why = reason === undefined ? '' : `: ${reason}`;
    await this.with(place, name, (handle) => handle.pause(`by ${userName()}${why}`));
  }

  async resume(place: Place, name: string): Promise<void> {
    await this.record(place, `schedule resume ${name}`);
    await this.with(place, name, (handle) => handle.unpause(`resumed by ${userName()}`));
  }

  /**
   * Runs a schedule now, in addition to its times and subject to its overlap policy. With a `requestId` that was used
   * before, it does not run once more.
   */
  async trigger(place: Place, name: string, requestId?: string): Promise<void> {
    const { spec } = await this.get(place, name);
    await this.record(place, `schedule trigger ${name}`);
    await this.runs(place, name, { overlap: overlaps[spec.overlap] }, requestId);
  }

  async delete(place: Place, name: string): Promise<void> {
    await this.record(place, `schedule delete ${name}`);
    await this.with(place, name, (handle) => handle.delete());
  }

  /**
   * Runs a schedule for each of its times in a past period, one after the other. With a `requestId` that was used
   * before, they do not run once more.
   */
  async backfill(place: Place, name: string, from: Date, to: Date, requestId?: string): Promise<void> {
    await this.record(place, `schedule backfill ${name} ${from.toISOString()} ${to.toISOString()}`);
    await this.runs(place, name, { overlap: ScheduleOverlapPolicy.BUFFER_ALL, period: { from, to } }, requestId);
  }

  /**
   * Creates, updates and deletes the schedules of the stack file; `before` names those that it may have had. Keeps
   * pauses, and does not touch schedules that a command created. Idempotent.
   */
  async sync(place: Place, wanted: readonly ScheduleSpec[], before: readonly string[]): Promise<void> {
    for (const name of before) {
      if (wanted.some((spec) => spec.name === name)) continue;
      if ((await this.find(place, name))?.source === 'file') await this.with(place, name, (handle) => handle.delete());
    }
    for (const spec of wanted) {
      const present = await this.look(place, spec.name);
      if (!present) await this.make(place, spec, 'file');
      else if (present.source === 'client')
        throw new BadRequest(
          `the schedule ${spec.name} of the stack file was already created by a command; delete that schedule`,
        );
      else if (JSON.stringify(present.spec) !== JSON.stringify(spec) || (this.signer && !present.isSigned))
        await this.with(place, spec.name, (handle) =>
          handle.update(({ state }) => ({ ...toOptions(this.inputOf(place, spec, 'file')), state })),
        );
    }
  }

  /** The input of each run. Its statement stays valid for as long as the schedule stays what it is. */
  private inputOf({ stack, environment }: Place, spec: ScheduleSpec, source: RedeployInput['source']): RedeployInput {
    const input: RedeployInput = { place: { stack, environment }, spec, source };
    if (!this.signer) return input;
    const request = requestText('schedule', 'redeploy', [input]);
    return {
      ...input,
      statement: statementFor(this.signer, { action: 'schedules.write', place: input.place, request }),
    };
  }

  private async get(place: Place, name: string): Promise<ScheduleView> {
    const view = await this.find(place, name);
    if (!view) throw notFound(place, name);
    return view;
  }

  private async find(place: Place, name: string): Promise<ScheduleView | undefined> {
    const found = await this.look(place, name);
    if (!found) return undefined;
    const { isSigned: _, ...view } = found;
    return view;
  }

  private async look(place: Place, name: string): Promise<(ScheduleView & { isSigned: boolean }) | undefined> {
    try {
      return toView(name, await this.handle(place, name).describe());
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return undefined;
      throw isFromTemporal(error) ? error : new UnreadableSchedule(name);
    }
  }

  private async runOf({ at, workflowId, runId }: ScheduleView['recent'][number]): Promise<ScheduledRun> {
    const handle = this.temporal.workflow.getHandle(workflowId, runId);
    const description = await unlessMissing(() => handle.describe());
    if (!description) return { at, workflowId, end: { outcome: 'no longer known' } };
    const { status } = description;
    if (status.name === 'RUNNING') return { at, workflowId };
    const end = await (handle.result() as Promise<UnattendedEnd>).catch((error: Error): UnattendedEnd => ({
      outcome: status.name.toLowerCase(),
      message: causeOf(error),
    }));
    return { at, workflowId, end };
  }

  private async runs(place: Place, name: string, extra: ExtraRuns, requestId?: string): Promise<void> {
    if (!(await requestRuns(this.temporal, scheduleId(place, name), extra, requestId))) throw notFound(place, name);
  }

  private handle(place: Place, name: string): ScheduleHandle {
    return this.temporal.schedule.getHandle(scheduleId(place, name));
  }

  private async with(place: Place, name: string, work: (handle: ScheduleHandle) => Promise<unknown>): Promise<void> {
    await work(this.handle(place, name)).catch((error: unknown) => {
      throw error instanceof ScheduleNotFoundError ? notFound(place, name) : error;
    });
  }
}

function notFound({ stack, environment }: Place, name: string): BadRequest {
  return new BadRequest(
    `${stack}/${environment} has no schedule ${name}; list them with \`deploy-code schedule list\``,
  );
}

/** Key of the memo with the id of the request that has created a schedule. */
const requestMemo = 'request';
const pageSize = 100;
const invalidArgument = 3;

function isInvalid(error: Error): boolean {
  return (
    (error as { code?: number }).code === invalidArgument ||
    (error.cause instanceof Error && isInvalid(error.cause)) ||
    error instanceof TypeError
  );
}

function causeOf({ message, cause }: Error): string {
  return cause instanceof Error ? causeOf(cause) : message;
}
