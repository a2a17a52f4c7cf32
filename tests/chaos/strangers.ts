import type Docker from 'dockerode';
import { images } from '../support/image';
import type { Arena } from './arena';
import { persist } from './persist';
import type { Random } from './random';
import { placeOf } from './stacks';

/** What they are known by: Docker may have made one though it died before it said so. */
const label = 'chaos.stranger';
const services = ['store', 'migrate', 'api', 'web', 'steady', 'cache', 'load-balancer'];
const ordinals = [1, 2, 3];
/** How many deployments ahead names are taken. */
const ahead = 3;
const withinMs = 20_000;
/** A Docker Engine that dies, or begins anew, may never answer a start. */
const startMs = 5000;

interface Stranger {
  container: Docker.Container;
  name: string;
  /** Absent where Docker did not start it: then it has to be there, and no more. */
  startedAt?: string;
}

/** Containers of nobody's, and how often Docker had ended before they came: with it containers end. */
export interface Strangers {
  all: Stranger[];
  endsBefore: number;
}

/** Containers of nobody's that bear the names which the next deployments of a stack would give. */
export async function moveIn({ client, engine }: Arena, random: Random, stack: string): Promise<Strangers> {
  const endsBefore = engine.ends;
  const { deployment } = (await persist('asking for the number of the last deployment', withinMs, () =>
    client.environment(placeOf(stack)),
  ))!.numbers;
  const names = services.flatMap((service) =>
    ordinals.flatMap((ordinal) =>
      Array.from({ length: ahead }, (_, next) => `${stack}-test-${service}-${ordinal}-d${deployment + next + 1}`),
    ),
  );
  const chosen = names.filter(() => random.chance(0.15));
  const made = await Promise.all(chosen.map((name) => settleIn(engine.docker, name)));
  return { all: made.filter((each) => each !== undefined), endsBefore };
}

/** Undefined where the name is an instance's by now. */
async function settleIn(docker: Docker, name: string): Promise<Stranger | undefined> {
  const made = await docker
    .createContainer({ name, Image: images.app, Cmd: ['sleep', '1000'], Labels: { [label]: 'yes' } })
    .catch(() => undefined);
  if (!made) return undefined;
  const start = () => made.start({ abortSignal: AbortSignal.timeout(startMs) } as object).catch(unlessStarted);
  await persist(`starting the stranger ${name}`, withinMs, async () => void (await start())).catch(() => undefined);
  const { State } = await persist(`looking at the stranger ${name}`, withinMs, () => made.inspect());
  return { container: made, name, ...(State.Running && { startedAt: State.StartedAt }) };
}

function unlessStarted(error: Error & { statusCode?: number }): void {
  if (error.statusCode !== 304) throw error;
}

/** Takes strangers away again. @throws Error that names those which were stopped, restarted or removed meanwhile */
export async function moveOut({ engine }: Arena, { all, endsBefore }: Strangers): Promise<void> {
  const harmed = await Promise.all(
    all.map(async ({ container, name, startedAt }) => {
      const found = await persist(`looking at the stranger ${name}`, withinMs, () =>
        container.inspect().catch(unlessGone),
      );
      await container.remove({ force: true }).catch(() => undefined);
      const isThere = found?.Name === `/${name}`;
      const goesOn =
        startedAt === undefined ||
        engine.ends !== endsBefore ||
        (found?.State.Running && found.State.StartedAt === startedAt);
      return isThere && goesOn ? [] : [name];
    }),
  );
  await removeUnknown(engine.docker);
  if (harmed.flat().length > 0) throw new Error(`containers of nobody's were touched: ${harmed.flat().join(', ')}`);
}

/** Those of which Docker did not say that it has made them. */
async function removeUnknown(docker: Docker): Promise<void> {
  const left = await persist('looking for strangers', withinMs, () =>
    docker.listContainers({ all: true, filters: { label: [label] } }),
  );
  await Promise.all(
    left.map(({ Id }) =>
      docker
        .getContainer(Id)
        .remove({ force: true })
        .catch(() => undefined),
    ),
  );
}

function unlessGone(error: Error & { statusCode?: number }): undefined {
  if (error.statusCode !== 404) throw error;
  return undefined;
}
