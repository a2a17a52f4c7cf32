import { parseCIDR } from 'ipaddr.js';
import { networkModeProblem } from '../../../model/names/network-modes';
import type { Finding } from '../../problems';
import type { Rule } from '../rule';

interface Range {
  path: (string | number)[];
  cidr: string;
  first: number;
  last: number;
}

/** Rejects network names that Docker would take for a network mode, such as `host`. */
export const networkNamesAreNotModes: Rule = ({ stack }) =>
  Object.entries(stack.networks).flatMap(([key, { name, external }]) => {
    const problem = external || name !== undefined ? networkModeProblem(name ?? key) : undefined;
    const path = ['networks', key, ...(name === undefined ? [] : ['name'])];
    return problem === undefined ? [] : [{ path, message: problem }];
  });

/** CIDRs must be well formed, and those of `networks` must not overlap. */
export const cidrsDistinct: Rule = ({ stack }) => {
  const findings: Finding[] = [];
  const ranges: Range[] = [];
  const add = (cidr: string | undefined, path: (string | number)[]) => {
    if (cidr === undefined) return;
    const range = toRange(cidr);
    if (typeof range === 'string') findings.push({ path, message: range });
    else ranges.push({ ...range, path, cidr });
  };
  add(stack.infrastructure.cidr, ['infrastructure', 'network', 'cidr']);
  const parent = ranges.length;
  for (const [name, network] of Object.entries(stack.networks)) add(network.cidr, ['networks', name, 'cidr']);
  for (const [index, range] of ranges.slice(parent).entries()) {
    const other = ranges
      .slice(parent, parent + index)
      .find((before) => before.first <= range.last && range.first <= before.last);
    if (other)
      findings.push({
        path: range.path,
        message: `${range.cidr} overlaps ${other.cidr} of ${other.path.slice(0, 2).join('.')}; choose another range`,
      });
  }
  return findings;
};

/** First and last address as numbers, or the problem with the CIDR. */
function toRange(cidr: string): { first: number; last: number } | string {
  const example = 'write an IPv4 network such as 172.20.0.0/24';
  try {
    const [address, bits] = parseCIDR(cidr);
    if (address.kind() !== 'ipv4') return `"${cidr}" is not IPv4; ${example}`;
    const first = address.toByteArray().reduce((sum, byte) => sum * 256 + byte, 0);
    const size = 2 ** (32 - bits);
    if (first % size !== 0) return `"${cidr}" has host bits set; ${example}`;
    if (bits > 29) return `"${cidr}" is too small for instances; use /29 or larger`;
    return { first, last: first + size - 1 };
  } catch {
    return `"${cidr}" is not a network; ${example}`;
  }
}
