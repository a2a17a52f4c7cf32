import * as fc from 'fast-check';
import { formsOf } from '../../src/activities/secrets/encoded-forms';
import { Masker } from '../../src/activities/secrets/masker';
import { PercentMasker } from '../../src/activities/secrets/percent-masker';

const hides = (secret: string) => new Masker(formsOf(Buffer.from(secret)));

/** What is left where every text of a list is hidden wherever it stands, overlaps included. */
function slowly(texts: string[], text: string): string {
  const hidden = Array.from(text, () => false);

  for (const each of texts) {
    for (let place = text.indexOf(each); each.length >= 4 && place >= 0; place = text.indexOf(each, place + 1)) {
      hidden.fill(true, place, place + each.length);
    }
  }
  return Array.from(text)
    .filter((_, place) => !hidden[place])
    .join('');
}

describe('a masker', () => {
  it('leaves nothing of any text that it knows, and everything else', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(
        fc.array(letters, { maxLength: 12 }),
        fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 60 }),
        (texts, text) => {
          expect(new Masker(texts).mask(text).replaceAll('***', '')).toBe(slowly(texts, text));
        },
      ),
    );
  });

  it('hides the whole of what overlaps', () => {
    expect(new Masker(['abcdef', 'efghij']).mask('x abcdefghij y')).toBe('x *** y');
    expect(new Masker(['abcd', 'abcdefgh']).mask('abcdefgh abcd')).toBe('*** ***');
  });

  it('works in time for 1 MB and hundreds of secrets, also where they are made to be slow', () => {
    const secrets = Array.from({ length: 500 }, (_, index) => `${'a'.repeat(index + 4)}b`);
    const masker = new Masker([...secrets, ...secrets.flatMap((secret) => formsOf(Buffer.from(secret)))]);
    const began = process.cpuUsage();
    for (const text of [`${'a'.repeat(62)}c`.repeat(4000), 'the quick brown fox '.repeat(50_000)])
      expect(masker.mask(text) === text).toBe(true);
    expect(process.cpuUsage(began).user / 1e6).toBeLessThan(20);
  });
});

describe('a masker of percent-encoded texts', () => {
  const hex = (code: number, upper: boolean) =>
    `%${upper ? code.toString(16).toUpperCase().padStart(2, '0') : code.toString(16).padStart(2, '0')}`;
  const masker = (...secrets: string[]) =>
    new PercentMasker(secrets.map((secret) => Buffer.from(secret).toString('latin1')));

  it('hides a secret whichever of its characters are encoded', () => {
    const secret = fc
      .string({ unit: 'grapheme', minLength: 4, maxLength: 20 })
      .filter((text) => Buffer.byteLength(text) >= 4 && !/[\r\n%+]/.test(text) && text.trim() === text);
    fc.assert(
      fc.property(secret, fc.array(fc.nat(2), { minLength: 100, maxLength: 100 }), (text, choices) => {
        const shown = Array.from(text, (character, index) => {
          const choice = choices[index % choices.length]!;
          return choice === 0 ? character : [...Buffer.from(character)].map((code) => hex(code, choice === 1)).join('');
        }).join('');
        fc.pre(/%[\da-f]{2}/i.test(shown));
        expect(masker(text).mask(`a ${shown} %20 b`)).toMatch(/^a \*\*\* %20 b$/);
      }),
    );
  });

  it('leaves everything else, and what is not encoded at all to others', () => {
    expect(masker('secret').mask('100 % of %zz %2 größe %C3%B6 %')).toBe('100 % of %zz %2 größe %C3%B6 %');
    expect(masker('secret').mask('secret')).toBe('secret');
    expect(masker('the secret').mask('q=the+s%65cret&x')).toBe('q=***&x');
    expect(masker('{"password":"a \\ b"}').mask('url {%22password%22:%22a%20%5C%20b%22}')).toBe('url ***');
    expect(new PercentMasker(['\xff\x00\xfe\x01']).mask('x%FF%00%fe%01')).toBe('x***');
  });
});

describe('the forms of a secret', () => {
  const secret = `S3cr3t/+val "quoted" <&'> $HOME \\ größe`;
  const masker = hides(`${secret}\n`);
  const json = JSON.stringify(secret).slice(1, -1);
  const shown: Record<string, string> = {
    plain: secret,
    'base64, at the beginning': Buffer.from(`${secret}:x`).toString('base64'),
    'base64, one byte in': Buffer.from(`u${secret}`).toString('base64'),
    'base64, two bytes in': Buffer.from(`u:${secret}`).toString('base64'),
    base64url: Buffer.from(`u:${secret}`).toString('base64url'),
    hex: Buffer.from(secret).toString('hex'),
    HEX: Buffer.from(secret).toString('hex').toUpperCase(),
    url: encodeURIComponent(secret),
    'a form': new URLSearchParams({ s: secret }).toString().slice(2),
    'url, lower case': encodeURIComponent(secret).replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    json,
    'json in json': JSON.stringify(json).slice(1, -1),
    'json of Go': json.replace(/[<>&]/g, (each) => `\\u00${each.charCodeAt(0).toString(16)}`),
    'json of Python': json.replaceAll('ö', '\\u00f6').replaceAll('ß', '\\u00df'),
    xml: secret
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&apos;'),
    'a single-quoted word': secret.replaceAll("'", `'\\''`),
    'a double-quoted word': secret.replace(/["\\$`]/g, '\\$&'),
  };

  it.each(Object.entries(shown))('cover it as %s', (_, text) => {
    const masked = masker.mask(`before ${text} after`);
    expect(masked).toMatch(/^before \S{0,4}\*\*\*\S{0,8} after$/);
  });

  it('cover the lines of several, and their base64 in lines', () => {
    const key =
      '-----BEGIN ' +
      `KEY-----\n${'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo0'.repeat(4)}\nc2hvcnQgbGluZQ==\n-----END KEY-----\n`;
    const lines = hides(key);
    expect(lines.mask(key.replaceAll('\n', '\r\n')).replaceAll('***', '').trim()).toBe('');
    const wrapped = Buffer.from(key).toString('base64').replace(/.{76}/g, '$&\n');
    expect(lines.mask(wrapped).replace(/\*\*\*|[\s=]/g, '').length).toBeLessThan(8);
  });

  it('cover the password of a URL', () => {
    expect(hides('postgres://shop:p%40ss-4711@db/shop').mask('login of shop failed with p@ss-4711 (p%40ss-4711)')).toBe(
      'login of shop failed with *** (***)',
    );
  });

  it('cover bytes that are no text by their encodings', () => {
    const bytes = Buffer.from([0xff, 0, 0xfe, 0x80, 0x81, 0x82]);
    const binary = new Masker(formsOf(bytes));
    expect(binary.mask(`${bytes.toString('hex')} ${bytes.toString('base64')}`)).toBe('*** ***');
  });

  it('leave out what is too short to be told from anything', () => {
    expect(formsOf(Buffer.from('abc')).filter((form) => 'abc abc'.includes(form))).toEqual([]);
  });
});
