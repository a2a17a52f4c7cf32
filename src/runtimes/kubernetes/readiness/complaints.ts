import type { KubernetesApi } from '../api';
import { warningsOf } from './events';
import type { Live } from '../live';
import { qualified } from '../../../kubernetes/names';

/** Volumes take their time, and the kubelet complains of each try. */
const heldUpMs = 12_000;
const held = new Set(['FailedMount', 'FailedAttachVolume', 'FailedBinding', 'ProvisioningFailed']);
const final = new Set(['FailedCreate']);
/** A disk that moves to another node is let go by the first one before long. */
const passing = /Multi-Attach/;

/** What keeps pods from being made or started, and only events tell. What passes by itself is given time to. */
export class Complaints {
  private readonly since = new Map<string, number>();

  /** `from`: what was complained of before does not count; in ms since the epoch. */
  constructor(
    private readonly api: KubernetesApi,
    private readonly from: number,
  ) {}

  async about(live: Live): Promise<string | undefined> {
    const { namespace } = qualified(live.name);
    const uids = [
      live.workload.metadata!.uid!,
      ...live.pods.filter(({ status }) => status?.phase === 'Pending').map(({ metadata }) => metadata!.uid!),
    ];
    const events = (await warningsOf(this.api, namespace, uids)).filter(({ at }) => at >= this.from);
    const known = events.findLast(({ reason, text }) => final.has(reason) || (held.has(reason) && !passing.test(text)));
    if (!known || final.has(known.reason)) return known?.text;
    const since = this.since.get(known.reason) ?? Date.now();
    this.since.set(known.reason, since);
    return Date.now() - since >= heldUpMs ? known.text : undefined;
  }
}
