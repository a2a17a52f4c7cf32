/** The engine cannot be reached: the failure, and advice. Exit code 5. */
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

/** Temporal answers, but no worker. The request continues when a worker runs. Exit code 5. */
export class NoWorker extends EngineUnreachable {
  constructor(message: string, advice: string) {
    super(message, advice);
    this.name = 'NoWorker';
  }
}

/** The request names something that does not exist, or is not possible. Nothing was changed. Exit code 2. */
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
      `${workflowId} was terminated or timed out in Temporal: nothing was rolled back. ` +
        'The next deployment of this environment first undoes its unfinished changes',
      options,
    );
    this.name = 'DeploymentLost';
  }
}
