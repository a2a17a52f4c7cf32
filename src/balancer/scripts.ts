import type { Front, RouteTable, SharedRoutes, TrafficState } from '../model/traffic';
import type { NginxOptions } from './nginx-config';
import { leadsOf } from './tables';

/** A shell command for the balancer's folder. All commands are idempotent. */
export type Command = string[];

/** The folder of the balancer inside its container. */
export const prefix = '/deploy-code';
/** Changes to that folder; a process has a folder of its own. */
export const enterFolder = `cd "\${DEPLOY_CODE_FILES:-${prefix}}"`;

export const configuration = 'nginx.conf';
const longestArgument = 30_000;

/** Changes the targets of a route: creates a new folder of links, then activates it by one rename. */
export function routeScript(table: RouteTable): string {
  return `(
mkdir -p routes/${table.route} && cd routes/${table.route}
table=${quote(JSON.stringify(table))}
if [ "$(cat active/table.json 2> /dev/null || true)" != "$table" ]; then
old=$(readlink active || echo t-0)
new=t-$((\${old#t-} + 1))
rm -rf "$new" && mkdir "$new" && cd "$new"
lead() { way=$1; shift; for bucket in "$@"; do echo "to/$way/$bucket"; done; }
links="$(
${leadLines(table).join('\n')}
)"
mkdir -p $links
ln -s $links .
printf %s "$table" > table.json
cd .. && ln -sfn "$new" .active && mv -T .active active
for t in t-*; do if [ "$t" != "$new" ] && [ "$t" != "$old" ]; then rm -rf "$t"; fi; done
fi
)`;
}

/** One shell line per pair of target and fallback, with its buckets. */
function leadLines(table: RouteTable): string[] {
  const ways = new Map<string, string[]>();
  for (const { bucket, target, fallback } of leadsOf(table))
    ways.set(`${target}/${fallback}`, [...(ways.get(`${target}/${fallback}`) ?? []), bucket]);
  return [...ways].map(([way, all]) => `lead ${way} ${all.join(' ')}`);
}

/** Reloads NGINX; ends when no old worker accepts connections any more. */
export const reload = `master=$(cat nginx.pid)
old=$(cat "/proc/$master/task/$master/children" 2> /dev/null || true)
kill -HUP "$master"
[ -n "$old" ] || sleep 0.5
n=0
while :; do
taking=
for w in $old; do
if [ -e "/proc/$w" ] && ! grep -q 'shutting down' "/proc/$w/cmdline" 2> /dev/null; then taking=$w; fi
done
if [ -z "$taking" ]; then break; fi
n=$((n + 1))
if [ "$n" -gt 200 ]; then echo 'its workers did not take the new configuration within 10 s'; exit 1; fi
sleep 0.05
done`;

/**
 * Checks and activates a configuration. If NGINX rejects it, nothing changes and its message is the output.
 * `front.json` is written last, so that it never describes an inactive configuration.
 */
export function configureCommand(front: Front | SharedRoutes[], text: string): Command {
  const script = `set -e
count=$1; shift
: > next.conf; : > next.json
while [ "$count" -gt 0 ]; do printf %s "$1" >> next.conf; shift; count=$((count - 1)); done
for part; do printf %s "$part" >> next.json; done
nginx -e stderr -t -q -p "$PWD" -c next.conf 2>&1
mv -f next.conf ${configuration}
${reload}
mv -f next.json front.json`;
  const parts = chunks(text);
  return shell(script, String(parts.length), ...parts, ...chunks(JSON.stringify(front)));
}

/** Prints the certificate files that are missing. */
export function missingCommand(files: readonly string[], { secrets }: NginxOptions): Command {
  return shell(`for f; do [ -e "${secrets}$f" ] || echo "$f"; done`, ...files);
}

/** An argument of a command can have at most 128 KiB. */
function chunks(text: string): string[] {
  return Array.from({ length: Math.ceil(text.length / longestArgument) }, (_, index) =>
    text.slice(index * longestArgument, (index + 1) * longestArgument),
  );
}

export function routeCommand(table: RouteTable): Command {
  return shell(`set -e\n${routeScript(table)}`);
}

/** Prints the configuration and the active tables, one JSON document per line. */
export function readCommand(): Command {
  return shell(`for f in front.json routes/*/active/table.json; do if [ -f "$f" ]; then cat "$f"; echo; fi; done`);
}

export function parseState(output: string): TrafficState {
  const [front, ...tables] = output
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown);
  return { front: front as Front, tables: tables as RouteTable[] };
}

/** Kernel states of connections that may carry a request. */
const open = ['01', '02', '03'];

/**
 * Prints the IP addresses of hosts, then the balancer's open connections to their ports, filtered as there may be many
 * others.
 */
export function connectionsCommand(addresses: readonly string[]): Command {
  const hosts = [...new Set(addresses.map(hostOf))];
  const ports = [...new Set(addresses.map((address) => hexPort(portOf(address))))];
  return shell(
    `for h in ${hosts.join(' ')}; do echo "$h $(getent ahostsv4 "$h" | head -n 1)"; done; echo; ` +
      `grep -E ':(${ports.join('|')}) (${open.join('|')}) ' /proc/net/tcp || true`,
  );
}

/** Number of connections to any of the addresses, from the output of {@link connectionsCommand}. */
export function countConnections(output: string, addresses: readonly string[]): number {
  const [hosts = '', sockets = ''] = output.split('\n\n');
  const resolved = new Map(hosts.split('\n').map((line) => [line.split(' ')[0]!, line.split(' ')[1] ?? '']));
  const remotes = new Set(addresses.map((address) => toHex(resolved.get(hostOf(address)) ?? '', portOf(address))));
  return sockets.split('\n').filter((line) => {
    const [, , remote = '', state = ''] = line.trim().split(/\s+/);
    return open.includes(state) && remotes.has(remote);
  }).length;
}

const connectSeconds = 3;

/** Connects to each address with bash or nc, in parallel; if the image has neither, names are only resolved. */
const connect = `connect() {
if command -v bash > /dev/null
then timeout ${connectSeconds} bash -c 'exec 3<> "/dev/tcp/$0/$1"' "$1" "$2" 2> /dev/null
elif command -v nc > /dev/null
then nc -z -w ${connectSeconds} "$1" "$2" < /dev/null > /dev/null 2>&1
fi
}
reach() {
ip=$(getent ahostsv4 "$1" | head -n 1 | cut -d ' ' -f 1)
if [ -z "$ip" ]; then echo "$1:$2 unknown"; else connect "$ip" "$2" || echo "$1:$2 silent"; fi
}`;

/** Prints the addresses that the load balancer cannot connect to. */
export function reachCommand(addresses: readonly string[]): Command {
  return shell(`${connect}\nfor a; do reach "\${a%:*}" "\${a##*:}" & done\nwait`, ...addresses);
}

const unreachedBecause: Record<string, string> = {
  unknown:
    'its name cannot be resolved: it shares no network with the load balancer, or ' +
    'a label of its name is longer than 63 characters, the limit of DNS',
  silent:
    'nothing accepts connections there; make the service listen on this ' +
    'port and on all addresses (0.0.0.0) of its container',
};

/** Parses the output of {@link reachCommand}. */
export function parseUnreached(output: string): { address: string; reason: string }[] {
  return output
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [address = '', word = ''] = line.split(' ');
      return { address, reason: unreachedBecause[word] ?? line };
    });
}

function hostOf(address: string): string {
  return address.split(':')[0]!;
}

function portOf(address: string): number {
  return Number(address.split(':')[1]);
}

/** In the format of /proc/net/tcp: the bytes of the address reversed. */
function toHex(address: string, port: number): string {
  const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return `${bytes.reverse().join('').toUpperCase()}:${hexPort(port)}`;
}

function hexPort(port: number): string {
  return port.toString(16).padStart(4, '0').toUpperCase();
}

export function shell(script: string, ...values: string[]): Command {
  return ['/bin/sh', '-c', `${enterFolder}\n${script}`, 'sh', ...values];
}

export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
