import {
  codeLimits,
  sessionLimits,
  type CodeIssue,
  type CodeRedemption,
  type DeviceDecision,
  type DeviceRedemption,
  type DeviceRequest,
  type KeptAccess,
  type Redeemed,
  type StoredCode,
  type StoredDevice,
  type SubjectEnd,
} from '../messages';
import { refusal } from '../support/installation';
import { own, select, without, type Sessions } from './sessions';

/** Of all codes that are kept. */
const devicesShare = 0.5;

type Person = Pick<CodeRedemption, 'by' | 'from'>;

/** Codes that become sessions of the command line, each once. */
export class SignIn {
  /** Codes that were used again while their session was being opened. */
  private readonly replayed = new Set<string>();

  constructor(
    private readonly kept: KeptAccess,
    private readonly sessions: Sessions,
  ) {}

  async issueCode({ digest, binding, subject, groups, method }: CodeIssue): Promise<undefined> {
    this.prune();
    const identity = { subject, groups: groups.slice(0, sessionLimits.groups), method };
    const code = { binding, ...identity, until: Date.now() + codeLimits.codeMs };
    this.kept.codes = { ...this.kept.codes, [digest]: code };
  }

  /** @throws ApplicationFailure if there would be too many codes */
  requireRoom(): void {
    this.requireLess({ ...this.valid, ...this.waiting }, 1);
  }

  /** Anybody can ask for a code of a device: those who log in by a browser have room in any case. @throws also */
  requireRoomForDevice(): void {
    this.requireLess(this.waiting, devicesShare);
  }

  private requireLess(kept: object, share: number): void {
    const isFull =
      Object.keys(kept).length >= codeLimits.count * share ||
      JSON.stringify(kept).length > codeLimits.characters * share;
    if (isFull) throw refusal('too many people log in at this moment; try again in a minute');
  }

  hasCode(digest: string): boolean {
    return own(this.valid, digest) !== undefined;
  }

  /** A code is spent by the first attempt, also by a wrong one: nobody tries verifiers. */
  async redeemCode({ code: digest, binding, ...opening }: CodeRedemption): Promise<Redeemed> {
    this.prune();
    const code = own(this.kept.codes ?? {}, digest);
    if (!code) return { problem: 'unknown' };
    if (code.session !== undefined) return this.refuseReplay(digest, code.session, opening);
    const isRight = code.binding === binding;
    this.kept.codes = isRight
      ? { ...this.kept.codes, [digest]: { ...code, session: opening.id } }
      : without(this.kept.codes ?? {}, digest);
    if (!isRight) return { problem: 'mismatch' };
    const { subject, groups, method } = code;
    const grant = await this.sessions.open({ ...opening, kind: 'command-line', subject, groups, method, by: subject });
    return this.replayed.delete(digest) ? this.refuseReplay(digest, grant.id, opening) : { grant };
  }

  /** Ends the session that the code became; one that is being opened, as soon as it is. */
  private async refuseReplay(digest: string, session: string, { by, from }: Person): Promise<Redeemed> {
    const wasOpen = await this.sessions.revoke({ id: session, by, from }, ': its code was used twice');
    if (!wasOpen) this.replayed.add(digest);
    return { problem: 'replayed' };
  }

  async requestDevice({ digest, userCode, ...person }: DeviceRequest): Promise<undefined> {
    this.prune();
    const at = Date.now();
    const device: StoredDevice = { userCode, ...person, at, until: at + codeLimits.deviceMs, state: 'pending' };
    this.kept.devices = { ...this.kept.devices, [digest]: device };
  }

  stateOf(digest: string): StoredDevice['state'] | undefined {
    return own(this.waiting, digest)?.state;
  }

  requestWith(userCode: string): { from?: string; at: number } | undefined {
    const [, device] = this.pendingWith(userCode) ?? [];
    return device && { at: device.at, ...(device.from !== undefined && { from: device.from }) };
  }

  async decideDevice({ userCode, decision, subject, groups, method }: DeviceDecision): Promise<boolean> {
    const [digest, device] = this.pendingWith(userCode) ?? [];
    if (digest === undefined || !device) return false;
    const identity = { subject, groups: groups.slice(0, sessionLimits.groups), method };
    const decided = { ...device, state: decision, ...(decision === 'approved' && { identity }) };
    this.kept.devices = { ...this.kept.devices, [digest]: decided };
    return true;
  }

  async redeemDevice({ device: digest, ...opening }: DeviceRedemption): Promise<Redeemed> {
    const { identity } = own(this.waiting, digest) ?? {};
    if (!identity) return { problem: 'unknown' };
    this.kept.devices = without(this.kept.devices ?? {}, digest);
    return {
      grant: await this.sessions.open({ ...opening, ...identity, kind: 'command-line', by: identity.subject }),
    };
  }

  /** What the subject has allowed becomes no session any more. */
  endAllOf(end: SubjectEnd): Promise<number> {
    const isOther = ({ subject }: Partial<StoredCode>) => subject !== end.subject;
    this.kept.codes = select(this.kept.codes ?? {}, isOther);
    this.kept.devices = select(this.kept.devices ?? {}, ({ identity = {} }) => isOther(identity));
    return this.sessions.endAllOf(end);
  }

  private get valid(): Record<string, StoredCode> {
    return select(this.kept.codes ?? {}, ({ until }) => until > Date.now());
  }

  private get waiting(): Record<string, StoredDevice> {
    return select(this.kept.devices ?? {}, ({ until }) => until > Date.now());
  }

  private pendingWith(userCode: string): [string, StoredDevice] | undefined {
    return Object.entries(this.waiting).find(
      ([, device]) => device.state === 'pending' && device.userCode === userCode,
    );
  }

  private prune(): void {
    this.kept.codes = this.valid;
    this.kept.devices = this.waiting;
  }
}
