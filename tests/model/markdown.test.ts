import fc from 'fast-check';
import { codeMarkdown, literalMarkdown, plainMarkdown, plainMarkdownWithin } from '../../src/model/text/markdown';

const hostile = fc.string({
  unit: fc.constantFrom(
    '[',
    ']',
    '(',
    ')',
    '!',
    '<',
    '>',
    '&lt;',
    '|',
    '`',
    '*',
    '_',
    '~',
    '\\',
    '\n',
    '#',
    'http://',
    'www.',
    'x',
    'é',
    ' ',
    '\u202e',
  ),
});

describe('text from outside in Markdown', () => {
  it('is shown as it is: no link, image, format, table cell or line of its own', () => {
    expect(plainMarkdown('![x](http://evil/?a=1) | **DONE** <b>_x_ snake_case & www.evil.org\n# head')).toBe(
      '!\\[x\\](http\\://evil/?a=1) \\| \\*\\*DONE\\*\\* \\<b\\>\\_x\\_ snake_case \\& www\\.evil.org # head',
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const markdown = plainMarkdown(text);
        return (
          !/(?<!\\)(\\\\)*[`*[\]<>|~&]/.test(markdown) && !/[^\\]:\/\/|www\./.test(markdown) && !markdown.includes('\n')
        );
      }),
    );
  });

  it('keeps its characters: the Temporal UI makes fractions, dashes, dots and signs of some', () => {
    expect(literalMarkdown('1/0 2026/11/29 a/b 10.0.0.0/8')).toBe('1&#47;0 2026&#47;11&#47;29 a/b 10.0.0.0&#47;8');
    expect(literalMarkdown('a-b a--b --- x... a.b (c) (tm) (x)')).toBe(
      'a-b a\\-\\-b \\-\\-\\- x\\.\\.\\. a.b \\(c) \\(tm) (x)',
    );
  });

  it('is a value that nothing renders, as code', () => {
    expect(codeMarkdown('TAG=1/0 "x" *y*')).toBe('`TAG=1/0 "x" *y*`');
    expect(codeMarkdown('a`b``c')).toBe('``` a`b``c ```');
    expect(codeMarkdown('two\nlines')).toBe('`two lines`');
    expect(codeMarkdown('')).toBe('` `');
    fc.assert(
      fc.property(hostile, (text) => {
        const [, fence, content] = /^(`+)([^]*?)\1$/.exec(codeMarkdown(text)) ?? [];
        return fence !== undefined && !content!.includes(fence) && !content!.includes('\n');
      }),
    );
  });

  it('never outgrows its limit, nor ends within an escape', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 50 }), (text, longest) => {
        const markdown = plainMarkdownWithin(longest, text);
        return markdown.length <= longest && !/(?<!\\)(\\\\)*\\$/.test(markdown.replace(/…$/, ''));
      }),
    );
  });
});
