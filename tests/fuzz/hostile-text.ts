import fc from 'fast-check';

/**
 * What containers print, peers answer and people type who mean harm: escape sequences, overrides, line ends, halves of
 * characters.
 */
export const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc
    .array(
      fc.constantFrom(
        '\u001b[2J',
        '\u001b]0;owned\u0007',
        '\u001b[31m',
        '\u009b',
        '\r',
        '\n',
        '\t',
        '\u0000',
        '\u202e',
        '\u2028',
        '\ud800',
        '👩‍🚀',
        'ok',
        ' ',
        '\\',
        '"',
        '${',
        '../',
        '{"a":1}',
        '%s',
        '`',
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join('')),
);

/** Whatever a terminal obeys or a reader does not see, in what is printed; styles of our own and line ends aside. */
export function unsafeIn(printed: string): string[] {
  // oxlint-disable-next-line no-control-regex -- the styles of this program
  const unstyled = printed.replace(/\u001b\[\d+m/g, '').replace(/\u200d|\ufe0f/g, '');
  return unstyled.match(/[^\P{Cc}\n\t]|\p{Cf}|\p{Zl}|\p{Zp}|\p{Cs}/gu) ?? [];
}
