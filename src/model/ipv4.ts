/** A range of addresses as numbers, both ends included. */
export interface AddressRange {
  first: number;
  last: number;
}

/** The addresses of a valid IPv4 CIDR, such as `10.0.0.0/8`. */
export function toRange(cidr: string): AddressRange {
  const [address, bits] = cidr.split('/');
  const value = address!.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(value / size) * size;
  return { first, last: first + size - 1 };
}

export function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

export function overlaps(a: AddressRange, b: AddressRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}
