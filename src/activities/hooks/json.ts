const longest = 500;

/** Data from outside, of which each part may be missing or of another kind. */
export class Json {
  constructor(readonly value: unknown) {}

  get(...path: string[]): Json {
    return new Json(path.reduce(memberOf, this.value));
  }

  /** A text of moderate length; undefined for everything else. */
  get text(): string | undefined {
    return typeof this.value === 'string' && this.value.length <= longest ? this.value : undefined;
  }

  get number(): number | undefined {
    return typeof this.value === 'number' && Number.isFinite(this.value) ? this.value : undefined;
  }

  /** A time in ISO 8601, in ms since the epoch. */
  get time(): number | undefined {
    const { text } = this;
    const ms = text !== undefined && /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : NaN;
    return Number.isNaN(ms) ? undefined : ms;
  }
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}
