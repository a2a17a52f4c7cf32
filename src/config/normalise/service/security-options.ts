import { isData } from '../../read/overlay';
import { parseJson } from '../../../model/text/json';
import type { ServiceInput } from '../../schema/service';
import { Malformed } from '../words';
import type { ServiceContext } from './context';

/** Bytes of a profile without its white space. Docker's own has 10 KiB. */
const largestProfile = 128 * 1024;

type Options = ServiceInput['security_opt'];

/** Security options as Docker takes them: with the profile in place of its file. */
export function toSecurityOptions(options: Options, { attempt, readFile }: ServiceContext): Options {
  return options?.map((option, index) => {
    const file = profileIn(option);
    if (file === undefined) return option;
    return attempt(['security_opt', index], () => `seccomp=${toProfile(file, readFile(file))}`, option);
  });
}

/** The file of `seccomp=FILE` or `seccomp:FILE`. */
function profileIn(option: string): string | undefined {
  const file = /^seccomp[=:](.+)$/s.exec(option)?.[1];
  return file === 'unconfined' ? undefined : file;
}

function toProfile(file: string, text: string): string {
  if (!isData(parseJson(text))) throw new Malformed(`${file} is not a seccomp profile, which is a JSON object`);
  const profile = withoutSpace(text);
  const size = Buffer.byteLength(profile);
  if (size > largestProfile)
    throw new Malformed(
      `${file} has ${Math.ceil(size / 1024)} KiB without white space; a seccomp profile may have at most ` +
        `${largestProfile / 1024} KiB`,
    );
  return profile;
}

/** Changes nothing else: a parsed and written number could lose digits. */
function withoutSpace(json: string): string {
  return json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, quoted: string | undefined) => quoted ?? '');
}
