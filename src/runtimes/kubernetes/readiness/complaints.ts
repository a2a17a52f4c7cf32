import type { KubernetesApi } from '../api';
import { warningsOf } from './events';
import type { Live } from '../live';
import { qualified } from '../../../kubernetes/names';

/** Time for volumes, for which the kubelet emits a warning at each attempt. */
const graceMs = 12_000;
const volumeReasons = new Set(['FailedMount', 'FailedAttachVolume', 'FailedBinding', 'ProvisioningFailed']);
const final = new Set(['FailedCreate']);
/** Temporary: a disk that moves to another node is soon detached from the first one. */
const temporary = /Multi-Attach/;

/** Problems of creating or starting pods that only events report. Temporary ones get some time. */
export class Complaints {
  private readonly since = new Map<string, number>();

  /** `from`: earlier events are ignored; in ms since the epoch. */
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
    const known = events.findLast(
      ({ reason, text }) => final.has(reason) || (volumeReasons.has(reason) && !temporary.test(text)),
    );
    if (!known || final.has(known.reason)) return known?.text;
    const since = this.since.get(known.reason) ?? Date.now();
    this.since.set(known.reason, since);
    return Date.now() - since >= graceMs ? known.text : undefined;
  }
}
