import type { InstallationWorkflow } from '../../temporal/installation-workflow';
import {
  codeQuery,
  decideDeviceUpdate,
  deviceQuery,
  issueCodeUpdate,
  redeemCodeUpdate,
  redeemDeviceUpdate,
  requestDeviceUpdate,
  userCodeQuery,
  type CodeIssue,
  type CodeRedemption,
  type DeviceDecision,
  type DeviceRedemption,
  type Redeemed,
  type StoredDevice,
} from '../../workflows/messages';
import { authorOf } from '../orders';

type Unsigned<T> = Omit<T, 'by' | 'from'>;

/** Codes that become sessions, each once, at any server. All are digests. */
export class SignIn {
  constructor(private readonly kept: InstallationWorkflow) {}

  async issueCode(code: Unsigned<CodeIssue>): Promise<void> {
    await this.kept.store(issueCodeUpdate, { ...code, ...authorOf(undefined) });
  }

  async redeemCode(redemption: Unsigned<CodeRedemption>): Promise<Redeemed> {
    // A guess changes nothing in the history of the workflow.
    if (!(await this.kept.read(codeQuery, redemption.code))) return { problem: 'unknown' };
    const redeemed = await this.kept.change(redeemCodeUpdate, { ...redemption, ...authorOf(undefined) });
    return redeemed ?? { problem: 'unknown' };
  }

  async requestDevice(device: { digest: string; userCode: string }): Promise<void> {
    await this.kept.store(requestDeviceUpdate, { ...device, ...authorOf(undefined) });
  }

  /** The state of a device code; undefined if there is none, or it has ended. */
  async stateOfDevice(digest: string): Promise<StoredDevice['state'] | undefined> {
    return (await this.kept.read(deviceQuery, digest)) ?? undefined;
  }

  /** Where the request with a user code came from; undefined if nobody waits for it. */
  async requestWith(userCode: string): Promise<{ from?: string; at: number } | undefined> {
    return (await this.kept.read(userCodeQuery, userCode)) ?? undefined;
  }

  /** False if nobody waits for the code. */
  async decideDevice(decision: Unsigned<DeviceDecision>): Promise<boolean> {
    return (await this.kept.change(decideDeviceUpdate, { ...decision, ...authorOf(undefined) })) ?? false;
  }

  async redeemDevice(redemption: Unsigned<DeviceRedemption>): Promise<Redeemed> {
    const redeemed = await this.kept.change(redeemDeviceUpdate, { ...redemption, ...authorOf(undefined) });
    return redeemed ?? { problem: 'unknown' };
  }
}
