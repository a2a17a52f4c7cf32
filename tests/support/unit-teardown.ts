import { rmSync } from 'node:fs';

export default function teardown(): void {
  rmSync(process.env.TMPDIR!, { recursive: true, force: true });
}
