import type { SecretMount } from '../model/instance';
import { automaticPair } from '../model/certificates';
import { automaticFiles, challenges, folder, initialVersion } from './automatic-files';
import { prefix, reload, shell, type Command } from './scripts';
import type { NginxOptions } from './nginx-config';

/** Folders of a load balancer that gets its certificate by itself. */
export function automaticFolders(owner: { uid: number; gid: number }): { path: string; mode: number }[] {
  const paths = [folder, challenges, `${folder}/${initialVersion}`];
  return paths.map((path) => ({ path: `${prefix}/${path}`, mode: 0o700, ...owner }));
}

/** The mounts of a version of the certificate; the values are sealed for the environment. */
export function automaticMounts(
  version: string,
  { certificate, key }: { certificate: string; key: string },
  { owner }: Pick<NginxOptions, 'owner'>,
): SecretMount[] {
  const file = (name: string, sealed: string, base: string): SecretMount => ({
    name,
    source: { sealed },
    target: { path: `${prefix}/${folder}/${version}/${base}.pem`, mode: 0o400, ...owner },
  });
  return [file(automaticPair.certificate, certificate, 'certificate'), file(automaticPair.key, key, 'key')];
}

/** Makes the first version the active one; one that is active stays. */
export const useInitial = `mkdir -p ${challenges} ${folder}/${initialVersion}
if [ ! -e ${folder}/active ]; then ln -sfn ${initialVersion} ${folder}/active; fi`;

/** Prepares the folder of a version for its files. Prints `served` if NGINX serves that version already. */
export function prepareVersionCommand(version: string): Command {
  return shell(
    `set -e
if [ "$(cat ${folder}/served 2> /dev/null)" = "$1" ] && [ "$(readlink ${folder}/active)" = "$1" ]
then echo served; exit 0
fi
mkdir -p ${challenges} "${folder}/$1"`,
    version,
  );
}

/** Prints `active` if the load balancer has a certificate. */
export function hasActiveCommand(): Command {
  return shell(
    `if [ -e ${automaticFiles.key} ]; then echo active; else mkdir -p ${challenges} ${folder}/${initialVersion}; fi`,
  );
}

/** Makes the first version the active one, before a configuration that needs it. */
export function useInitialCommand(): Command {
  return shell(`set -e\n${useInitial}`);
}

/**
 * Makes a version the active one, by one rename and a reload, and removes the others. If NGINX rejects it, the former
 * one stays, and its message is the output.
 */
export function activateCommand(version: string): Command {
  return shell(
    `set -e
before=$(readlink ${folder}/active || echo ${initialVersion})
ln -sfn "$1" ${folder}/.active && mv -T ${folder}/.active ${folder}/active
if ! nginx -e stderr -t -q -p "$PWD" -c nginx.conf 2>&1
then ln -sfn "$before" ${folder}/.active && mv -T ${folder}/.active ${folder}/active; exit 1
fi
${reload}
printf %s "$1" > ${folder}/served
for v in ${folder}/*/; do
v=\${v%/}; v=\${v##*/}
case $v in challenges|active|"$1") ;; *) rm -rf "${folder}/$v";; esac
done`,
    version,
  );
}

/** Puts the answers of challenges in place, by token; those of other tokens are removed. */
export function challengesCommand(answers: readonly { token: string; answer: string }[]): Command {
  return shell(
    `set -e
mkdir -p ${challenges}
for f in ${challenges}/*; do
keep=
for pair; do if [ "\${f##*/}" = "\${pair%% *}" ]; then keep=1; fi; done
if [ -z "$keep" ]; then rm -f "$f"; fi
done
for pair; do
t=\${pair%% *}
if [ ! -e "${challenges}/$t" ]; then
printf %s "\${pair#* }" > "${folder}/.answer" && mv -f "${folder}/.answer" "${challenges}/$t"
fi
done`,
    ...answers.map(({ token, answer }) => `${token} ${answer}`),
  );
}
