/**
 * Copies data into objects without a prototype: a dependency on a service `constructor` must not find an inherited
 * property.
 */
export function bare<T>(data: T): T {
  if (Array.isArray(data)) return data.map(bare) as T;
  if (typeof data !== 'object' || data === null) return data;
  return Object.assign(
    Object.create(null) as object,
    Object.fromEntries(Object.entries(data).map(([key, value]) => [key, bare(value as unknown)])),
  ) as T;
}
