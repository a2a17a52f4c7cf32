import { execFileSync } from 'node:child_process';

/** Fetches a package of this Debian into a folder, without installing it. @throws Error where that cannot be */
export function downloadPackage(name: string, folder: string): void {
  const get = () =>
    execFileSync('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', name], {
      cwd: folder,
      stdio: 'ignore',
    });
  try {
    get();
  } catch {
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    get();
  }
}
