import { stateOfService, type Step } from '../src/pages/deployment/steps';
import { de } from '../src/text/catalogues/de';
import { en } from '../src/text/catalogues/en';

const step = (state: Step['state'], more: Partial<Step> = {}): Step => ({
  id: 'i',
  title: 't',
  from: 1,
  state,
  ...more,
});

it.each([
  [[], 0, 'kept'],
  [[], 2, 'waiting'],
  [[step('started')], 2, 'started'],
  [[step('finished')], 2, 'started'],
  [[step('finished'), step('finished')], 2, 'finished'],
  [[step('finished'), step('delayed')], 2, 'delayed'],
  [[step('delayed'), step('failed')], 2, 'failed'],
] as const)('a service with %j of %d steps is %s', (steps, wanted, state) => {
  expect(stateOfService(steps, wanted)).toBe(state);
});

it('has the same values in the texts of each language', () => {
  const valuesOf = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([value]) => value).sort();
  for (const [key, text] of Object.entries(en))
    expect([key, valuesOf(de[key as keyof typeof de])]).toEqual([key, valuesOf(text)]);
});
