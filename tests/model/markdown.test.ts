import fc from 'fast-check';
import { plainMarkdown, plainMarkdownWithin } from '../../src/model/text/markdown';

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

  it('never outgrows its limit, nor ends within an escape', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 50 }), (text, longest) => {
        const markdown = plainMarkdownWithin(longest, text);
        return markdown.length <= longest && !/(?<!\\)(\\\\)*\\$/.test(markdown.replace(/…$/, ''));
      }),
    );
  });
});
