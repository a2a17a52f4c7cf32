import { registryHost } from '../../model/names/image-reference';

const longestTag = 128;
const digits = 12;

/**
 * The name of an image of this content: `blog-web` becomes `blog-web:3f9a0c1b2d4e`, and `registry.example.com/web:1.2`
 * becomes `registry.example.com/web:1.2-3f9a0c1b2d4e`.
 */
export function contentName(image: string, hash: string): string {
  const [named] = image.split('@');
  const slash = named!.lastIndexOf('/');
  const colon = named!.indexOf(':', slash + 1);
  const repository = colon < 0 ? named! : named!.slice(0, colon);
  const content = hash.slice(0, digits);
  if (colon < 0) return `${repository}:${content}`;
  return `${repository}:${named!.slice(colon + 1).slice(0, longestTag - digits - 1)}-${content}`;
}

/** True if the name says which registry the image belongs to; the others stay in the Docker that built them. */
export function namesRegistry(image: string): boolean {
  return registryHost(image) !== undefined;
}
