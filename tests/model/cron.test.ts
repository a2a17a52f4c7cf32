import { cronProblem } from '../../src/model/schedule/cron';
import { stackOf } from '../support/stack';
import { cronExpressions } from '../support/cron-expressions';

describe('a cron expression', () => {
  it.each(cronExpressions.taken)('%j is one', (text) => expect(cronProblem(text)).toBeUndefined());
  it.each(cronExpressions.refused)('%j is none', (text) => expect(cronProblem(text)).toEqual(expect.any(String)));
  it.each([
    [
      '0 24 * * *',
      '"24" is not a valid hour; write 0 to 23, a range such as 0-4, or */2, and separate several by commas',
    ],
    ['0 0 * * FRI-MON', '"FRI-MON" ends before it begins; write two ranges within 0-7, separated by a comma'],
    ['0 0 30 2 *', 'no year has such a day'],
    ['0 3 * *', 'write five fields such as 0 3 * * *, or a word such as @daily'],
    ['@reboot', '"@reboot" is not a known word; write @hourly, @daily, @weekly, @monthly, @yearly or @every 15m'],
  ])('%j is refused with what to do', (text, problem) => expect(cronProblem(text)).toBe(problem));
  it('is checked in a stack file, with its line', () => {
    expect(() =>
      stackOf('name: shop\nservices:\n  app: {image: x}\nschedules:\n  nightly: {cron: ["0 3 * * *", "0 25 * * *"]}\n'),
    ).toThrow('5:3 schedules.nightly: has the cron expression "0 25 * * *": "25" is not a valid hour');
  });
});
