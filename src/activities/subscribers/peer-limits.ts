/** Parallel deliveries to one host, and deliveries that may wait for a slot. */
const mostParallel = 8;
const mostWaiting = 8;
const longestWaitMs = 2000;

/** All slots of a host are taken; retry later. */
export class PeerBusy extends Error {}

interface Peer {
  running: number;
  waiting: (() => void)[];
}

/** Limits parallel deliveries per host, so that one host that hangs does not take all slots of the worker. */
export class PeerLimits {
  private readonly peers = new Map<string, Peer>();

  /** @throws PeerBusy if no slot becomes free within two seconds */
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
  if (peer.running >= mostParallel) await awaitSlot(peer, host);
  peer.running += 1;
}

function awaitSlot(peer: Peer, host: string): Promise<void> {
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
  return new PeerBusy(`${mostParallel} deliveries to ${host} are already in progress`);
}
