import type Docker from 'dockerode';
import { text } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import type { Evidence } from '.';

/** Volumes hold what was written, and no job container has run twice. */
export async function data({
  arena: {
    engine: { docker },
  },
  stack,
  tokens,
  settled,
}: Evidence): Promise<string[]> {
  const [store] = await docker.listContainers({
    all: true,
    filters: { label: [`deploy-code.stack=${stack}`, 'deploy-code.service=store'] },
  });
  const [job] = await docker.listContainers({
    all: true,
    filters: { label: [`deploy-code.stack=${stack}`, 'deploy-code.service=migrate'] },
  });
  const missing = store ? lost(tokens, await lines(docker, store.Id, '/data/tokens')) : [];
  const marks = job ? await lines(docker, job.Id, '/data/marks') : [];
  const twice = marks.filter((mark, index) => marks.indexOf(mark) !== index);
  const mayRunAgain = settled.some(({ answers }) => answers.length > 0);
  return [...missing, ...(twice.length === 0 || mayRunAgain ? [] : [`the job ${twice.join(', ')} ran twice`])];
}

/** Writes a line into the volume of a stack's database. */
export async function write(docker: Docker, stack: string, token: string): Promise<void> {
  const [store] = await docker.listContainers({
    filters: { label: [`deploy-code.stack=${stack}`, 'deploy-code.service=store'] },
  });
  const run = await docker
    .getContainer(store!.Id)
    .exec({ Cmd: ['sh', '-c', `echo ${token} >> /data/tokens`], AttachStdout: true });
  await text(await run.start({ hijack: true, stdin: false }));
}

function lost(tokens: string[], found: string[]): string[] {
  return tokens.filter((token) => !found.includes(token)).map((token) => `the volume has lost ${token}`);
}

async function lines(docker: Docker, container: string, path: string): Promise<string[]> {
  const archive = await docker
    .getContainer(container)
    .getArchive({ path })
    .catch(() => undefined);
  if (!archive) return [];
  const files = archive.pipe(extract());
  for await (const file of files) return (await text(file)).split('\n').filter(Boolean);
  return [];
}
