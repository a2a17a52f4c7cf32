/**
 * QR codes (ISO/IEC 18004) of texts for authenticator apps: bytes, error correction L, versions 1 to 15, mask 0. A
 * reader takes any mask; so there is no search for the best one.
 */

/** For each version from 1: codewords for error correction in a block, and blocks. */
const correction = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22] as const;
const blocks = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6] as const;
/** Level L and mask 0, with their error correction and mask (table C.1). */
const formatBits = 0b111011111000100;
/** Coefficients of x^8 + x^4 + x^3 + x^2 + 1, the field of the error correction. */
const field = 0x11d;
const quiet = 4;

/** The modules of a text, dark ones true; undefined for a text that is too long. */
export function qrModules(text: string): boolean[][] | undefined {
  const bytes = [...Buffer.from(text)];
  const version = correction.findIndex((_, index) => capacityOf(index + 1) >= bytes.length + (index < 9 ? 2 : 3)) + 1;
  if (version === 0) return undefined;
  const grid = new Grid(version);
  grid.drawCodewords(withCorrection(dataOf(bytes, version), version));
  return grid.modules;
}

/** A picture of the modules, with the empty border that readers need. */
export function qrPath(modules: boolean[][]): { size: number; path: string } {
  const dark = modules.flatMap((row, y) =>
    row.flatMap((isDark, x) => (isDark ? [`M${x + quiet} ${y + quiet}h1v1h-1z`] : [])),
  );
  return { size: modules.length + 2 * quiet, path: dark.join('') };
}

/** Modules that hold data and its error correction. */
function modulesFor(version: number): number {
  const patterns = version < 2 ? 0 : Math.floor(version / 7) + 2;
  const alignment = version < 2 ? 0 : (25 * patterns - 10) * patterns - 55;
  return (16 * version + 128) * version + 64 - alignment - (version < 7 ? 0 : 36);
}

/** Codewords of data. */
function capacityOf(version: number): number {
  return Math.floor(modulesFor(version) / 8) - correction[version - 1]! * blocks[version - 1]!;
}

/** Mode, length, bytes, and what fills the rest. */
function dataOf(bytes: number[], version: number): number[] {
  const count = bytes.length.toString(2).padStart(version < 10 ? 8 : 16, '0');
  const bits = `0100${count}${bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('')}`;
  const whole = `${bits}0000`.padEnd(Math.ceil((bits.length + 4) / 8) * 8, '0').slice(0, 8 * capacityOf(version));
  const data = whole.match(/.{8}/g)!.map((octet) => parseInt(octet, 2));
  for (let pad = 0xec; data.length < capacityOf(version); pad ^= 0xec ^ 0x11) data.push(pad);
  return data;
}

/** The codewords in the order in which they are drawn: one of each block in turn. */
function withCorrection(data: number[], version: number): number[] {
  const count = blocks[version - 1]!;
  const short = Math.floor(data.length / count);
  const longer = data.length % count;
  const divisor = divisorOf(correction[version - 1]!);
  let start = 0;
  const parts = Array.from({ length: count }, (_, index) => {
    const part = data.slice(start, (start += short + (index < count - longer ? 0 : 1)));
    return { part, check: remainder(part, divisor) };
  });
  const inTurn = (all: number[][]) =>
    Array.from({ length: Math.max(...all.map(({ length }) => length)) }, (_, index) =>
      all.flatMap((each) => (index < each.length ? [each[index]!] : [])),
    ).flat();
  return [...inTurn(parts.map(({ part }) => part)), ...inTurn(parts.map(({ check }) => check))];
}

function divisorOf(degree: number): number[] {
  const result = [...Array<number>(degree - 1).fill(0), 1];
  let root = 1;
  for (let count = 0; count < degree; count += 1) {
    for (let index = 0; index < degree; index += 1)
      result[index] = multiply(result[index]!, root) ^ (result[index + 1] ?? 0);
    root = multiply(root, 2);
  }
  return result;
}

function remainder(data: number[], divisor: number[]): number[] {
  const result = Array<number>(divisor.length).fill(0);
  for (const byte of data) {
    const factor = byte ^ result.shift()!;
    result.push(0);
    divisor.forEach((each, index) => (result[index]! ^= multiply(each, factor)));
  }
  return result;
}

function multiply(one: number, other: number): number {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >>> 7) * field);
    product ^= ((other >>> bit) & 1) * one;
  }
  return product;
}

class Grid {
  readonly modules: boolean[][];
  private readonly fixed: boolean[][];
  private readonly size: number;

  constructor(private readonly version: number) {
    this.size = version * 4 + 17;
    this.modules = Array.from({ length: this.size }, () => Array<boolean>(this.size).fill(false));
    this.fixed = this.modules.map((row) => [...row]);
    this.drawPatterns();
    this.drawFormat();
    this.drawVersion();
  }

  /** In columns of two from the right, up and down in turn, masked. */
  drawCodewords(codewords: number[]): void {
    const bits = codewords.flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((bit) => ((byte >>> bit) & 1) === 1));
    let next = 0;
    for (let right = this.size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5;
      const isUp = ((right + 1) & 2) === 0;
      for (let step = 0; step < this.size; step += 1)
        for (const x of [right, right - 1]) {
          const y = isUp ? this.size - 1 - step : step;
          if (!this.fixed[y]![x]) this.modules[y]![x] = (bits[next++] ?? false) !== ((x + y) % 2 === 0);
        }
    }
  }

  private set(x: number, y: number, isDark: boolean): void {
    if (x < 0 || y < 0 || x >= this.size || y >= this.size) return;
    this.modules[y]![x] = isDark;
    this.fixed[y]![x] = true;
  }

  private drawPatterns(): void {
    for (let each = 0; each < this.size; each += 1) {
      this.set(6, each, each % 2 === 0);
      this.set(each, 6, each % 2 === 0);
    }
    const far = this.size - 4;
    for (const [x, y] of [
      [3, 3],
      [far, 3],
      [3, far],
    ] as const)
      this.drawSquares(x, y, 4, [2, 4]);
    const places = this.alignment();
    const last = places.length - 1;
    places.forEach((x, column) =>
      places.forEach((y, row) => {
        const isFinder = (column === 0 && (row === 0 || row === last)) || (column === last && row === 0);
        if (!isFinder) this.drawSquares(x, y, 2, [1]);
      }),
    );
  }

  /** Squares around a module, those at some distances light. */
  private drawSquares(x: number, y: number, reach: number, light: number[]): void {
    for (let dy = -reach; dy <= reach; dy += 1)
      for (let dx = -reach; dx <= reach; dx += 1)
        this.set(x + dx, y + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
  }

  private alignment(): number[] {
    if (this.version === 1) return [];
    const count = Math.floor(this.version / 7) + 2;
    const step = Math.ceil((this.version * 4 + 4) / (count * 2 - 2)) * 2;
    return [6, ...Array.from({ length: count - 1 }, (_, index) => this.size - 7 - (count - 2 - index) * step)];
  }

  private drawFormat(): void {
    const bit = (index: number) => ((formatBits >>> index) & 1) === 1;
    for (let index = 0; index < 15; index += 1) {
      const near = index < 6 ? index : index < 8 ? index + 1 : 14 - index;
      if (index < 8) this.set(8, near, bit(index));
      else this.set(index === 8 ? 7 : near, 8, bit(index));
      if (index < 8) this.set(this.size - 1 - index, 8, bit(index));
      else this.set(8, this.size - 15 + index, bit(index));
    }
    this.set(8, this.size - 8, true);
  }

  private drawVersion(): void {
    if (this.version < 7) return;
    let rest = this.version;
    for (let count = 0; count < 12; count += 1) rest = (rest << 1) ^ ((rest >>> 11) * 0x1f25);
    const bits = (this.version << 12) | rest;
    for (let index = 0; index < 18; index += 1) {
      const [a, b] = [this.size - 11 + (index % 3), Math.floor(index / 3)];
      this.set(a, b, ((bits >>> index) & 1) === 1);
      this.set(b, a, ((bits >>> index) & 1) === 1);
    }
  }
}
