/** One measured figure beside its bar. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** The most it may be; absent where it is only reported. */
  bar?: number;
  detail: string;
}

export const median = (values: number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/** By the nearest rank. */
export function percentile(values: number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!;
}

export const passes = ({ value, bar }: Figure): boolean => bar === undefined || value <= bar;

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

export const ms = (value: number): number => Math.round(value);
export const ratio = (value: number): number => Math.round(value * 1000) / 1000;
