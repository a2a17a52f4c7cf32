import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whatever unit tests write lies in one folder, which goes with them; some of them look into it as another user. */
export default function setup(): void {
  process.env.TMPDIR = mkdtempSync(join(tmpdir(), 'deploy-code-unit-'));
  chmodSync(process.env.TMPDIR, 0o755);
}
