import { parseCIDR } from 'ipaddr.js';
import { networkModeProblem } from '../../model/names/network-modes';
import type { Finding } from '../problems';
import type { Rule } from './rule';

interface Range {
  path: (string | number)[];
  cidr: string;
  first: number;
  last: number;
}

/** Networks have names of their own: none that Docker would take for a mode, such as `host`. */
export const networksAreNoModes: Rule = ({ stack }) =>
  Object.entries(stack.networks).flatMap(([key, { name, external }]) => {
    const problem = external || name !== undefined ? networkModeProblem(name ?? key) : undefined;
    const path = ['networks', key, ...(name === undefined ? [] : ['name'])];
    return problem === undefined ? [] : [{ path, message: problem }];
  });

/** CIDRs are well formed, and no two networks overlap. */
export const cidrsAreApart: Rule = ({ stack }) => {
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
        message: `${range.cidr} overlaps ${other.cidr} of ${other.path.slice(0, 2).join('.')}`,
      });
  }
  return findings;
};

/** First and last address as numbers, or what is wrong with it. */
function toRange(cidr: string): { first: number; last: number } | string {
  const example = 'write an IPv4 network such as 172.20.0.0/24';
  try {
    const [address, bits] = parseCIDR(cidr);
    if (address.kind() !== 'ipv4') return `"${cidr}" is not IPv4; ${example}`;
    const first = address.toByteArray().reduce((sum, byte) => sum * 256 + byte, 0);
    const size = 2 ** (32 - bits);
    if (first % size !== 0) return `"${cidr}" has host bits set; ${example}`;
    if (bits > 29) return `"${cidr}" has no room for instances; use /29 or larger`;
    return { first, last: first + size - 1 };
  } catch {
    return `"${cidr}" is not a network; ${example}`;
  }
}
