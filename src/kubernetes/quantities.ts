const units: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A quantity as a number: `500m` is 0.5, `64Mi` is in bytes; 0 if undefined. */
export function amountOf(quantity: string | undefined): number {
  const [, digits, unit] = /^([0-9.eE+-]+?)([numkKMGTPE]i?)?$/.exec(quantity ?? '0') ?? [];
  return Number(digits ?? 0) * units[unit ?? '']!;
}
