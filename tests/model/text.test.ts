import fc from 'fast-check';
import { isOneLine, longestReason, oneLine, visible, visibleJson, visibleLines } from '../../src/model/text';
import { isFull } from '../support/exhaustive';

const cases = isFull ? 50_000 : 3000;
const anything = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      '\u001b',
      '\u009b',
      '\r',
      '\n',
      '\t',
      '\b',
      '\u007f',
      '\u202e',
      '\u2066',
      '\u200b',
      '\ufeff',
      '\u00ad',
      '\u{e0041}',
      '\ud800',
      '\udfff',
      '\u2028',
      'a',
      'é',
      '漢',
      '😀',
      '\u200d',
      '\ufe0f',
    ),
  }),
);
/** What no terminal and no reader is to see. Joiners of emoji are the exception. */
const dangerous =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]/u;

describe(`text from outside (${cases} cases)`, () => {
  it('shows nothing that a terminal obeys or that hides', () => {
    fc.assert(
      fc.property(anything, (text) => !dangerous.test(visible(text))),
      { numRuns: cases },
    );
    fc.assert(
      fc.property(anything, (text) => !dangerous.test(visibleLines(text).replace(/[\n\t]/g, ''))),
      { numRuns: cases },
    );
  });

  it('stays as it is where it is harmless', () => {
    fc.assert(
      fc.property(fc.string(), (text) => visible(text) === text),
      { numRuns: cases },
    );
    expect(visible('naïve 漢字 👨‍👩‍👧 ⚠️ 1️⃣')).toBe('naïve 漢字 👨‍👩‍👧 ⚠️ 1️⃣');
  });

  it('is escaped once: what is visible stays as it is', () => {
    fc.assert(
      fc.property(anything, (text) => visible(visible(text)) === visible(text)),
      { numRuns: cases },
    );
  });

  it('is shown in a form that says what it was', () => {
    expect(visible('a\u001b[31mb\r\n\t\u009b\u202e\u{e0041}\ud800')).toBe(
      'a\\x1b[31mb\\r\\n\\t\\x9b\\u202e\\u{e0041}\\ud800',
    );
    expect(visibleLines('one\r\ntwo\tthree\rfour')).toBe('one\ntwo\tthree\\rfour');
  });

  it('means the same in JSON, which holds nothing that a terminal obeys either', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const json = visibleJson(JSON.stringify({ text }));
        return (JSON.parse(json) as { text: string }).text === text && !dangerous.test(json);
      }),
      { numRuns: cases },
    );
  });

  it('becomes one bounded line where one is wanted, which is taken as one', () => {
    fc.assert(
      fc.property(anything, fc.integer({ min: 1, max: 40 }), (text, longest) => {
        const line = oneLine(text, longest);
        return line.length <= longest && isOneLine(line, longest) && oneLine(line, longest) === line;
      }),
      { numRuns: cases },
    );
    expect(oneLine('first\n42  forged  row', longestReason)).toBe('first 42  forged  row');
  });
});
