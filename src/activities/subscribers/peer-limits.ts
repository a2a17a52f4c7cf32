/** Deliveries to one host at a time, and those that may wait for one of these to end. */
const mostAtOnce = 8;
const mostWaiting = 8;
const longestWaitMs = 2000;

/** So many deliveries are under way to a host already that another one has to come back later. */
export class PeerBusy extends Error {}

interface Peer {
  running: number;
  waiting: (() => void)[];
}

/** Limits the deliveries to each host: one that hangs leaves the worker's other slots to everybody else. */
export class PeerLimits {
  private readonly peers = new Map<string, Peer>();

  /** @throws PeerBusy where the host has no place left within two seconds */
  async deliver<T>(host: string, work: () => Promise<T>): Promise<T> {
    const peer = this.peers.get(host) ?? { running: 0, waiting: [] };
    this.peers.set(host, peer);
    await enter(peer, host);
    try {
      return await work();
    } finally {
      peer.running -= 1;
      peer.waiting.shift()?.();
      if (peer.running === 0 && peer.waiting.length === 0) this.peers.delete(host);
    }
  }
}

async function enter(peer: Peer, host: string): Promise<void> {
  if (peer.running >= mostAtOnce) await placeOf(peer, host);
  peer.running += 1;
}

function placeOf(peer: Peer, host: string): Promise<void> {
  if (peer.waiting.length >= mostWaiting) throw busy(host);
  return new Promise((resolve, reject) => {
    const enterNow = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      peer.waiting.splice(peer.waiting.indexOf(enterNow), 1);
      reject(busy(host));
    }, longestWaitMs);
    peer.waiting.push(enterNow);
  });
}

function busy(host: string): PeerBusy {
  return new PeerBusy(`${mostAtOnce} deliveries to ${host} are under way`);
}
