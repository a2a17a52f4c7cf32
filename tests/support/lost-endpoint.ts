import { execFileSync } from 'node:child_process';
import { ip } from './own-engine';

export interface LostEndpointOptions {
  bridge: string;
  /** With the length of its prefix. */
  address: string;
  mac: string;
  gateway: string;
}

let count = 0;

/**
 * What a crash of Docker leaves behind of a container: a network of its own on the bridge, with an address, and nothing
 * that runs in it.
 */
export class LostEndpoint {
  private readonly name = `lost-${process.pid}-${(count += 1)}`;
  private readonly outside = `lost${process.pid % 10_000}${count}`;

  constructor({ bridge, address, mac, gateway }: LostEndpointOptions) {
    ip('netns', 'add', this.name);
    ip('link', 'add', this.outside, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.name);
    ip('link', 'set', this.outside, 'master', bridge, 'up');
    ip('-n', this.name, 'link', 'set', 'eth0', 'address', mac, 'up');
    ip('-n', this.name, 'address', 'add', address, 'dev', 'eth0');
    this.speak(gateway);
  }

  remove(): void {
    ip('netns', 'del', this.name);
  }

  /** A bridge sends frames to whom it has heard last. */
  private speak(gateway: string): void {
    execFileSync('ip', [
      'netns',
      'exec',
      this.name,
      'bash',
      '-c',
      `(echo > /dev/tcp/${gateway}/1) 2>/dev/null || true`,
    ]);
  }
}
