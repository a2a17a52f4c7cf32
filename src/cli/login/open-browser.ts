import { spawn } from 'node:child_process';

type Environment = Record<string, string | undefined>;

/** True if somebody sits at this machine, in front of a browser. */
export function hasBrowser(
  environment: Environment = process.env,
  platform: NodeJS.Platform = process.platform,
  isTerminal: boolean = process.stdout.isTTY,
): boolean {
  const { SSH_CONNECTION: remote, DISPLAY: x11, WAYLAND_DISPLAY: wayland, CI: ci } = environment;
  if (!isTerminal || remote || ci) return false;
  return platform === 'darwin' || platform === 'win32' || Boolean(x11) || Boolean(wayland);
}

/** Opens an address in the browser of whoever runs this. Without a shell: the address is from a server. */
export async function openBrowser(url: string, platform: NodeJS.Platform = process.platform): Promise<void> {
  const { protocol, href } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') throw new Error(`${protocol} is not opened`);
  const [command, ...words] = commandOf(platform);
  await new Promise<void>((resolve, reject) => {
    const child = spawn(command!, [...words, href], { stdio: 'ignore', detached: true });
    child.once('error', reject);
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
  });
}

function commandOf(platform: NodeJS.Platform): string[] {
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  return ['xdg-open'];
}
