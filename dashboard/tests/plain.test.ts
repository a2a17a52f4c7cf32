import { plainText } from '../src/text/plain';

it('shows a line of output without what only a terminal understands', () => {
  expect(plainText('\u001b[1;31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007\rover\u0000\ttab')).toBe(
    'red linkover\ttab',
  );
});
