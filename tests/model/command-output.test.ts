import { endOfOutput } from '../../src/model/text/command-output';

const meter = (width: number) =>
  '  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n' +
  `${' '.repeat(33)}Dload  Upload   Total   Spent    Left  Speed\n` +
  '\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0'.repeat(width);

describe('the end of what a command wrote', () => {
  it.each([
    [
      `${meter(3)}\ncurl: (22) The requested URL returned error: 404\n`,
      'curl: (22) The requested URL returned error: 404',
    ],
    [`${meter(1)}\rcurl: (7) Failed to connect\r\n`, 'curl: (7) Failed to connect'],
    [`${meter(1)}\r100  5120  100  5120    0     0  1210k      0 --:--:-- --:--:-- 0:00:01 1250k\nno`, 'no'],
    ['  one  \n\n\ttwo\r\n', 'one\ntwo'],
    ['10%\r50%\r100%\n 7 8 9', '100%\n7 8 9'],
    ['', ''],
  ])('%j is shown as %j', (output, shown) => expect(endOfOutput(output, 300)).toBe(shown));

  it('is cut at its beginning', () => expect(endOfOutput('abcdef', 3)).toBe('def'));
});
