type Call = (...input: unknown[]) => Promise<unknown>;

/** A copy of a runtime, or of a part of one, in which some calls are wrapped. */
export function wrapCalls<T extends object>(
  part: T,
  names: readonly (keyof T)[],
  wrap: (call: () => Promise<unknown>, name: string, input: readonly unknown[]) => Promise<unknown>,
): T {
  const wrapped = names.map((name) => {
    const call = part[name] as Call;
    return [name, (...input: unknown[]) => wrap(() => call(...input), String(name), input)];
  });
  return { ...part, ...(Object.fromEntries(wrapped) as Partial<T>) };
}
