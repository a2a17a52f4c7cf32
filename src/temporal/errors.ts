/** The engine cannot be reached: what failed, and what to do. Exit code 5. */
export class EngineUnreachable extends Error {
  constructor(
    message: string,
    readonly advice: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'EngineUnreachable';
  }
}

/** Temporal answers, and no worker does. What was asked for goes on when one is there. Exit code 5. */
export class NoWorker extends EngineUnreachable {
  constructor(message: string, advice: string) {
    super(message, advice);
    this.name = 'NoWorker';
  }
}

/** What was asked for does not exist or makes no sense. Nothing was changed. Exit code 2. */
export class BadRequest extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BadRequest';
  }
}

/** A deployment that was terminated or timed out in Temporal: it has no result, and nothing was rolled back. */
export class DeploymentLost extends Error {
  constructor(workflowId: string, options?: ErrorOptions) {
    super(
      `${workflowId} was ended in Temporal, not by the engine: nothing was rolled back. ` +
        'The next deployment of this environment first puts back what it left',
      options,
    );
    this.name = 'DeploymentLost';
  }
}
