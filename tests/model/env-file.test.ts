import { parseEnvFile } from '../../src/model/text/env-file';

const read = (text: string, earlier = {}) => parseEnvFile(text, { earlier });

describe('an env file', () => {
  it.each([
    ['A=abc#def', 'abc#def'],
    ['A=abc # note', 'abc'],
    ['A="a b # c" # note', 'a b # c'],
    ["A='a # b'", 'a # b'],
    ['A=#start', '#start'],
    ['A= #start', '#start'],
    ['A=plain  \t', 'plain'],
    ['A = spaced', 'spaced'],
    ['A: as in YAML', 'as in YAML'],
    ['  export A=exported', 'exported'],
    ['A=', ''],
    ['A=""', ''],
    ['A=a=b=c', 'a=b=c'],
    ['A=a"b"c', 'a"b"c'],
    ['A=http://u:p#w@host/?a=1#frag', 'http://u:p#w@host/?a=1#frag'],
    ['A=tail\\nslash', 'tail\\nslash'],
    ['A="esc \\$B \\n \\t \\" \\\\ \\q \\0101"', 'esc $B \n \t " \\ \\q A'],
    ["A='a\\'b \\n \\\\'", "a'b \\n \\\\"],
    ['A="json {\\"a\\": 1}"', 'json {"a": 1}'],
    ['A="two\nlines"', 'two\nlines'],
    ['A="two\r\nlines"\r\n', 'two\r\nlines'],
    ['\uFEFFA=behind a byte order mark', 'behind a byte order mark'],
    ['# A=1\n\n   # B=2\nA=3', '3'],
    ['A=first\nA=last', 'last'],
    ['A=$(date) $5 end$', '$(date) $5 end$'],
  ])('%j', (text, value) => expect(read(text)).toEqual({ A: value }));

  it('refers to what stands above, in it and in earlier files; the rest stays as it is written', () => {
    const text =
      'B=$A-x\nC="${A} and ' +
      '${B}"\nD=\'$A\'\nE=pa$word\nF=${none}z\nG=${none:-other}\nH=$$A \\$A\nI="\\${A}"\nJ=${K}\nK=late\nL=${A:+set}';
    expect(read(text, { A: 'above' })).toEqual({
      B: 'above-x',
      C: 'above and above-x',
      D: '$A',
      E: 'pa$word',
      F: '${none}z',
      G: 'other',
      H: '$A \\above',
      I: '${A}',
      J: '${K}',
      K: 'late',
      L: 'set',
    });
  });

  it('sets nothing for a bare name, and takes any name that compose takes', () => {
    expect(read('BARE\nexport OTHER\nY.dot=1\nZ-dash[0]=2\nÄ=3\n__proto__=4')).toEqual(
      Object.fromEntries([
        ['Y.dot', '1'],
        ['Z-dash[0]', '2'],
        ['Ä', '3'],
        ['__proto__', '4'],
      ]),
    );
  });

  it.each([
    ['A=1\nB="hunter2', 'line 2: the quote that begins there is not closed'],
    ['A=1\n\nB="x" hunter2', 'line 3: unexpected text after the closing quote; only a comment may follow it'],
    ['A=1\n# x\nthe hunter2', 'line 3: is not NAME=value; names consist of letters, digits and _ . - [ ]'],
    ['=hunter2', 'line 1: is not NAME=value; names consist of letters, digits and _ . - [ ]'],
    ['A=1\r\nB=${hunter2', 'line 2: a ${…} in it is invalid, or its expansion is too long; write $${ for a literal ${'],
    ['A=${B:?hunter2}', 'line 1: the variable B is not set above it'],
  ])('%j is refused by name and line, without what stands there', (text, message) => {
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).not.toThrow('hunter2');
  });

  it('is refused where values of values grow without end', () => {
    expect(() =>
      read(
        `N0=xxxxxxxxxx\n${Array.from({ length: 60 }, (_, index) => `N${index + 1}=$N${index}$N${index}`).join('\n')}`,
      ),
    ).toThrow('a ${…} in it is invalid, or its expansion is too long; write $${ for a literal ${');
    expect(() => read(`A=${'x'.repeat(200_000)}\n${'B=$A\n'.repeat(1000)}`)).toThrow(
      'longer than 2097152 characters together',
    );
  });

  it('is read in one pass, however long', () => {
    const lines = Array.from({ length: 50_000 }, (_, index) => `N${index}=$N${index - 1}x`.slice(0, 40));
    expect(
      Object.keys(read(`N0=1\n${'\n'.repeat(100_000)}${lines.map((line) => line.replace(/x$/, '')).join('\n')}`)),
    ).toHaveLength(50_000);
    expect(() => read(`A="${'\\'.repeat(500_001)}`)).toThrow('the quote that begins there is not closed');
  });
});
