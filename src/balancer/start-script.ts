import { idleClientMs, type RouteTable } from '../model/traffic';
import { useInitial } from './automatic';
import { clientsFile, trustedFile } from './nginx-config';
import { configuration, quote, routeScript } from './scripts';

/**
 * NGINX 1.27.4 and later keep idle connections open during a reload. Earlier versions get no keepalive, so that no
 * request is lost.
 */
const keepIdle = `v=$(nginx -v 2>&1 | sed 's/.*nginx\\/\\([0-9.]*\\).*/\\1/')
if [ "$(printf '%s\\n' 1.27.4 "$v" | sort -t . -k 1,1n -k 2,2n -k 3,3n | head -n 1)" = 1.27.4 ]
then echo 'keepalive_timeout ${idleClientMs / 1000}s; keepalive_min_timeout ${idleClientMs / 1000}s;' > keepalive.conf
else echo 'keepalive_timeout 0;' > keepalive.conf
fi`;

/** By default, NGINX started by root runs its workers as another user, which cannot read the files of a process. */
const asOneself = `user=
if [ -n "$DEPLOY_CODE_FILES" ] && [ "$(id -u)" = 0 ]; then user="user $(id -un) $(id -gn);"; fi
echo "$user" > user.conf`;

/**
 * Writes the range of the network on which the shared load balancer reaches this one. Docker's DNS knows the address of
 * this container on a network, and the kernel's table of routes the range of that.
 */
function trustNetwork(network: string): string {
  return `number() { IFS=. read -r a b c d; echo $((d << 24 | c << 16 | b << 8 | a)); }
own=$(getent ahostsv4 "$(cat /etc/hostname)".${quote(network)} | head -n 1 | cut -d ' ' -f 1 | number) ||
{ echo ${quote(`its own address on the network ${network} cannot be found`)} >&2; exit 1; }
while read -r _ to via _ _ _ _ mask _; do
case $to in *[!0-9A-F]*) continue;; esac
to=$((0x$to)) mask=$((0x$mask))
if [ "$via" = 00000000 ] && [ "$to" != 0 ] && [ $((own & mask)) = "$to" ]; then
bits=0; m=$mask; while [ "$m" != 0 ]; do bits=$((bits + (m & 1))); m=$((m >> 1)); done
echo "$((to & 255)).$((to >> 8 & 255)).$((to >> 16 & 255)).$((to >> 24 & 255))/$bits 1;"
fi
done < /proc/net/route > ${trustedFile}
sed 's/^\\(.*\\) 1;$/set_real_ip_from \\1;/' ${trustedFile} > ${clientsFile}`;
}

/** Debian has the part of NGINX that passes connections on as a module. */
export const streamModule = `module=/usr/lib/nginx/modules/ngx_stream_module.so
if [ -e "$module" ]; then echo "load_module $module;"; fi > modules.conf`;

export interface StartOptions {
  /** Network of the shared load balancer. */
  network?: string;
  /** It gets a certificate by itself. */
  automatic?: boolean;
}

/** Starts NGINX with the given tables; after a restart it uses the tables it had. */
export function startScript(tables: readonly RouteTable[], { network, automatic }: StartOptions = {}): string {
  return `set -e
mkdir -p routes temp
${keepIdle}
${asOneself}
${network === undefined ? '' : trustNetwork(network)}
${automatic ? useInitial : ''}
if [ ! -e routes/.ready ]; then
${tables.map(routeScript).join('\n')}
touch routes/.ready
fi
rm -f nginx.pid
exec nginx -e stderr -p "$PWD" -c ${configuration}`;
}
