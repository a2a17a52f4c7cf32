import type { Stack } from '.';

/** The stack with other images of some of its services. */
export function withImages(stack: Stack, images: Record<string, string> | undefined): Stack {
  if (!images) return stack;
  const services = Object.entries(stack.services).map(([name, service]) => [
    name,
    Object.hasOwn(images, name) ? { ...service, image: images[name]! } : service,
  ]);
  return { ...stack, services: Object.fromEntries(services) as Stack['services'] };
}
