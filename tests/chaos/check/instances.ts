import type Docker from 'dockerode';
import type { Arena } from '../arena';
import { placeOf } from '../stacks';

export interface Instance {
  name: string;
  id: string;
  /** The container that it was made anew for, after a crash of Docker had left that one stuck. */
  remadeFrom?: string;
  service: string;
  ordinal: number;
  kind: string;
  state: string;
  imageId: string;
  note?: string;
}

export type Listing = Instance[];

/** What Docker shows of a stack, asked of the engine itself. */
export async function observed(docker: Docker, stack: string): Promise<Listing> {
  const containers = await docker.listContainers({ all: true, filters: { label: [`deploy-code.stack=${stack}`] } });
  return Promise.all(
    containers.map(async ({ Id, Names, State, ImageID, Labels }) => {
      const { Config } = await docker.getContainer(Id).inspect();
      return {
        id: Id,
        remadeFrom: Labels['deploy-code.remade-from'],
        name: Names[0]!.slice(1),
        state: State,
        imageId: ImageID,
        kind: Labels['deploy-code.kind'] ?? '',
        service: Labels['deploy-code.service'] ?? '',
        ordinal: Number(Labels['deploy-code.ordinal']),
        note: Config.Env.find((each) => each.startsWith('NOTE='))?.slice('NOTE='.length),
      };
    }),
  );
}

/**
 * Where the same containers stand as before; after a crash of Docker also one that was made anew with all that was in
 * it.
 */
export function isSame(before: Listing, found: Listing, dockerCrashed: boolean): boolean {
  const same = (one: Instance, old: Instance) =>
    one.name === old.name && (one.id === old.id || (dockerCrashed && one.remadeFrom === old.id));
  return before.length === found.length && before.every((old) => found.some((one) => same(one, old)));
}

/** What the current release says. */
export async function expected(
  { client }: Arena,
  stack: string,
): Promise<{ difference: (found: Listing) => string[] }> {
  const place = placeOf(stack);
  const release = (await client.environment(place))?.current?.release;
  const contents = release === undefined ? undefined : await client.release(place, release);
  const services = Object.values(contents?.stack.services ?? {}).filter(({ kind }) => kind !== 'job');
  const wanted = services.flatMap(({ name, replicas, image, variables }) =>
    Array.from({ length: replicas }, (_, index) => ({
      service: name,
      ordinal: index + 1,
      imageId: contents!.images[image!]?.id,
      note: variables.NOTE,
    })),
  );
  return {
    difference: (found) => {
      const own = found.filter(({ kind }) => kind !== 'job');
      return [
        ...wanted.flatMap((each) =>
          differences(
            each,
            own.filter(({ service, ordinal }) => service === each.service && ordinal === each.ordinal),
          ),
        ),
        ...own
          .filter(
            ({ service, ordinal }) => !wanted.some((each) => each.service === service && each.ordinal === ordinal),
          )
          .map(({ name, state }) => `${name} (${state}) is not of the release`),
        ...found
          .filter(({ kind, state }) => (kind === 'job' ? state === 'running' : state !== 'running'))
          .map(({ name, state }) => `${name} is ${state}`),
      ];
    },
  };
}

function differences(
  wanted: { service: string; ordinal: number; imageId?: string; note?: string },
  found: Listing,
): string[] {
  const what = `${wanted.service}-${wanted.ordinal}`;
  const [one, ...more] = found;
  if (!one) return [`${what} is missing`];
  return [
    ...(more.length > 0 ? [`${what} runs ${found.length} times: ${found.map(({ name }) => name).join(', ')}`] : []),
    ...(wanted.imageId !== undefined && one.imageId !== wanted.imageId
      ? [`${one.name} has image ${one.imageId}, not ${wanted.imageId}`]
      : []),
    ...(one.note === wanted.note ? [] : [`${one.name} has note ${one.note}, not ${wanted.note}`]),
  ];
}
