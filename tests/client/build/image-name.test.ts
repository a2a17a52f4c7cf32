import { contentName, namesRegistry } from '../../../src/cli/build/image-name';
import { imageReference } from '../../../src/model/names/image-reference';

const hash = '3f9a0c1b2d4e'.padEnd(64, '0');

it.each([
  ['blog-web', 'blog-web:3f9a0c1b2d4e'],
  ['registry.example.com/web:1.2', 'registry.example.com/web:1.2-3f9a0c1b2d4e'],
  ['localhost:5000/team/web', 'localhost:5000/team/web:3f9a0c1b2d4e'],
  [`web:1@sha256:${'0'.repeat(64)}`, 'web:1-3f9a0c1b2d4e'],
  [`web:${'v'.repeat(128)}`, `web:${'v'.repeat(115)}-3f9a0c1b2d4e`],
])('%s of a content is %s', (image, name) => {
  expect(contentName(image, hash)).toBe(name);
  expect(name).toMatch(imageReference);
});

it('tells images of a registry from those of one Docker', () => {
  expect(['registry.example.com/web', 'localhost/web', 'ghcr.io/a/b'].every(namesRegistry)).toBe(true);
  expect(['web', 'team/web', 'team/web:1.2'].some(namesRegistry)).toBe(false);
});
