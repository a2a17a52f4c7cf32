import { createHash } from 'node:crypto';
import { qrModules, qrPath } from '../../src/api/auth/local/qr-code';

const text = `otpauth://${'aB3?&=%'.repeat(80)}`;

describe('a QR code', () => {
  // What the package qrcode 8 of PyPI makes of the same text, with level L, mask 0 and bytes.
  it.each([
    [1, 1, 'a4dece7f45d05a09'],
    [17, 1, '35b3a30da5f71d43'],
    [18, 2, '8bd097f585185fd7'],
    [106, 5, 'a0a88c377a6c7af7'],
    [154, 7, '28646e0b83fd453b'],
    [230, 9, '123adc2c405803ac'],
    [231, 10, 'fd7c271eb0462b7a'],
    [321, 11, '9b0b7563b4de7374'],
    [520, 15, 'c96f3ce08982fee6'],
  ])('of %d characters has version %d, and the modules that another program makes', (length, version, digest) => {
    const modules = qrModules(text.slice(0, length))!;
    expect(modules.map((row) => row.length)).toEqual(Array(17 + 4 * version).fill(17 + 4 * version));
    const rows = modules.map((row) => row.map(Number).join('')).join('\n');
    expect(createHash('sha256').update(rows).digest('hex').slice(0, 16)).toBe(digest);
  });

  it('is not made of more than fits', () => {
    expect(qrModules(text.slice(0, 521))).toBeUndefined();
  });

  it('is drawn with an empty border', () => {
    expect(
      qrPath([
        [true, false],
        [false, true],
      ]),
    ).toEqual({ size: 10, path: 'M4 4h1v1h-1zM5 5h1v1h-1z' });
  });
});
