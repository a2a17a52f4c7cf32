/** The engine cannot be reached: what failed, and what to do. Exit code 5. */
export class EngineUnreachable extends Error {
  constructor(message: string, readonly advice: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineUnreachable';
  }
}

/** What was asked for does not exist or makes no sense. Nothing was changed. Exit code 2. */
export class BadRequest extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BadRequest';
  }
}
