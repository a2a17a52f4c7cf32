/** A `tmpfs` of a service as Docker writes it: `/path`, or `/path:size=64m,mode=1777`. */
export interface Tmpfs {
  path: string;
  /** As written, in order. */
  options: string[];
  /** As written, such as `64m` or `16777216`. */
  size?: string;
}

const flags = [
  'defaults',
  'ro',
  'rw',
  'suid',
  'nosuid',
  'dev',
  'nodev',
  'exec',
  'noexec',
  'sync',
  'async',
  'dirsync',
  'mand',
  'nomand',
  'atime',
  'noatime',
  'diratime',
  'nodiratime',
  'relatime',
  'norelatime',
  'strictatime',
  'nostrictatime',
];
const values = [
  'size=\\d+[kKmMgG%]?',
  'nr_blocks=\\d+[kKmMgG]?',
  'nr_inodes=\\d+[kKmMgG]?',
  'mode=[0-7]{1,5}',
  'uid=\\d{1,10}',
  'gid=\\d{1,10}',
  'mpol=[a-z0-9:,=-]+',
];
const option = `(?:${[...flags, ...values].join('|')})`;

/** The syntax Docker and the kernel accept; anything else fails when the container is created. */
export const tmpfsPattern = new RegExp(`^/[^:\\0]+(?::${option}(?:,${option})*)?$`);

/** The parts of a `tmpfs`. */
export function toTmpfs(entry: string): Tmpfs {
  const [path = '', ...rest] = entry.split(':');
  const options = rest.join(':').split(',').filter(Boolean);
  const size = options.find((each) => each.startsWith('size='))?.slice('size='.length);
  return { path, options, ...(size !== undefined && { size }) };
}
