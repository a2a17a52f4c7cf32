/**
 * Copies data into objects without a prototype: a dependency on a service `constructor` must not find an inherited
 * property.
 */
export function bare<T>(data: T): T {
  if (Array.isArray(data)) return data.map(bare) as T;
  if (typeof data !== 'object' || data === null) return data;
  const copy = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(data)) copy[key] = bare((data as Record<string, unknown>)[key]);
  return copy as T;
}
