/**
 * Changes of workflow behaviour since an earlier release. Histories from before a change replay the old behaviour.
 */
export const patches = {
  /** Since 0.2: one activity removes several retired instances. */
  removeTogether: 'remove-together',
  /** Since 0.2: the clock of a deployment starts no timer while it is paused. */
  clockStandsStill: 'clock-stands-still',
  /** Since 0.2: the consequences of one event are completed before those of the next. */
  oneEventAtATime: 'one-event-at-a-time',
  /** Since 0.2: an environment notices changes while it signals others, and sends no signal twice. */
  attentiveEnvironment: 'attentive-environment',
  /** Since 0.2: calls outside of steps wait for the platform too. */
  patientLooks: 'patient-looks',
  /** Since 0.2: a large rollback handles several instances per step. */
  backTogether: 'back-together',
  /** Since 0.2: deployments claim ports and resources from the workflow of their host. */
  hostClaims: 'host-claims',
  /** Since 0.2: every request is written into the audit trail. */
  audit: 'audit',
  /** Since 0.2: environments are watched between deployments. */
  watch: 'watch',
  /**
   * Since 0.2: new instances are watched until the commit, and requests move only to instances that are still healthy
   * and can be reached.
   */
  rolloutWatch: 'rollout-watch',
  /**
   * Since 0.2: the audit trail also records thaws, resumed watches, commands in instances, and deployments that ended
   * without a result.
   */
  auditedActs: 'audited-acts',
  /** Since 0.2: instances with large settings start a few at a time. */
  freight: 'freight',
  /** Since 0.2: a stack that exceeds the size limits fails its deployment at once. */
  sizeLimits: 'size-limits',
  /** Since 0.2: a deployment is refused if the worker's policy does not allow it to observe the environment. */
  refusesTheUnseen: 'refuses-the-unseen',
  /** Since 0.2: a refused signal is ignored, and ignored again at each replay. */
  refusedSignals: 'refused-signals',
  /** Since 0.2: a changed health check replaces the instances. */
  newChecks: 'new-checks',
  /** Since 0.2: a superseded deployment that cannot process its cancellation is terminated. */
  endsStuck: 'ends-stuck',
  /** Since 0.2: an amended service that was already deployed is restored and deployed again. */
  restoreAmended: 'restore-amended',
  /** Since 0.2: the search attribute of the status shows that a step waits for its platform. */
  delayedStatus: 'delayed-status',
  /** Since 0.2: the workflow of a deployment that did not succeed fails, with the result in its details. */
  failedDeployments: 'failed-deployments',
  /** Since 0.2: environments have a status, which says what the watch found. */
  environmentStatus: 'environment-status',
  /** Since 0.2: volumes that only an image declares are kept for the next instance. */
  keepsImageVolumes: 'keeps-image-volumes',
  /** Since 0.2: instances of earlier phases are confirmed before a job starts, and after each second of a rollout. */
  confirmedPhases: 'confirmed-phases',
  /** Since 0.2: services replaced in one step are watched while long jobs run. */
  watchedJobs: 'watched-jobs',
  /** Since 0.2: messages about the whole installation, and ciphertexts that were sealed anew, need a statement. */
  statements: 'statements',
  /** Since 0.2: what a server tells all others to block needs a statement. */
  statedBlocks: 'stated-blocks',
} as const;
