import { fitsPlatform } from '../../src/model/images';

it.each([
  ['linux/amd64', undefined, true],
  [undefined, 'linux/arm64', true],
  ['linux/amd64', 'linux/amd64', true],
  ['linux/amd64', 'amd64', true],
  ['linux/amd64', 'linux/x86_64', true],
  ['linux/arm64/v8', 'linux/arm64', true],
  ['linux/arm64', 'linux/arm64/v8', true],
  ['linux/arm/v7', 'linux/arm/v6', false],
  ['linux/amd64', 'linux/arm64', false],
  ['windows/amd64', 'linux/amd64', false],
])('an image for %s, where %s is asked for: %s', (platform, wanted, fits) => {
  expect(fitsPlatform({ platform }, wanted)).toBe(fits);
});
