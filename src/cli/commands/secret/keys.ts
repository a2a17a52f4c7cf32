import type { DeployCodeClient } from '../../../client/connect';
import type { KeyUses } from '../../../client/secrets/uses';
import type { Place } from '../../../workflows/messages';
import type { FileOptions } from '../../options';
import { print, printJson, say, table } from '../../output/terminal';
import { placeArguments } from '../session';

interface KeysOptions extends FileOptions {
  json?: boolean;
}

/** Lets the worker seal what is stored, and the logins of the installation, with its current key. */
export async function reseal(client: DeployCodeClient, place: Place): Promise<void> {
  const names = await client.secrets.reseal(place);
  const logins = (await client.registries.reseal()).map((registry) => `the login at ${registry}`);
  const all = [...names, ...logins];
  say(all.length === 0 ? 'everything has the current key' : `sealed with the current key: ${all.join(', ')}`);
}

/** Shows the keys that stored secrets and kept releases need, and whether a former one can go. */
export async function showKeys(client: DeployCodeClient, place: Place, options: KeysOptions): Promise<void> {
  const { current, uses } = await client.secrets.keys(place);
  if (options.json) return printJson({ current, uses });
  const former = uses.filter(({ key }) => key !== current);
  const own = uses.find(({ key }) => key === current) ?? { key: current, secrets: [], releases: [], registries: [] };
  print(
    table([
      ['KEY', 'NEEDED FOR'],
      [`${current} (current)`, neededFor(own)],
      ...former.map((each) => [each.key, neededFor(each)]),
    ]),
  );
  say(advice(former, `${place.stack}/${place.environment}`, placeArguments(options)));
}

function neededFor({ secrets, releases, registries }: KeyUses): string {
  const parts = [
    ...(secrets.length > 0 ? [`stored ${secrets.join(', ')}`] : []),
    ...(releases.length > 0 ? [`${releases.length === 1 ? 'release' : 'releases'} ${releases.join(', ')}`] : []),
    ...(registries.length > 0
      ? [`${registries.length === 1 ? 'login at' : 'logins at'} ${registries.join(', ')}`]
      : []),
  ];
  return parts.join('; ') || '-';
}

function advice(former: readonly KeyUses[], place: string, args: string): string {
  if (former.length === 0) return `${place} needs no former key`;
  if (former.some(({ secrets, registries }) => secrets.length + registries.length > 0))
    return `keep the former key, and seal what is stored anew: \`deploy-code secret reseal${args}\``;
  return 'keep the former key until these releases are pruned: deploy until newer ones have replaced them';
}
