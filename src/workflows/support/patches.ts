/**
 * Where workflows behave otherwise than in an earlier release, so that deployments which began then go on as they were.
 */
export const patches = {
  /** Since 0.2: what was retired is removed by a few activities instead of one each. */
  removeTogether: 'remove-together',
  /** Since 0.2: the clock of a deployment begins no tick while it stands still. */
  clockStandsStill: 'clock-stands-still',
  /** Since 0.2: what follows from one event is done before anything follows from another. */
  oneEventAtATime: 'one-event-at-a-time',
  /** Since 0.2: an environment misses nothing that happens while it tells others, and tells nobody the same twice. */
  attentiveEnvironment: 'attentive-environment',
  /** Since 0.2: a look that is no step waits for the platform too. */
  patientLooks: 'patient-looks',
  /** Since 0.2: a long way back goes by several instances at a time. */
  backTogether: 'back-together',
  /** Since 0.2: ports and room are claimed of their host. */
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
   * Since 0.2: thaws, resumed watches, commands in instances and deployments that ended without a word are written into
   * the audit trail.
   */
  auditedActs: 'audited-acts',
  /** Since 0.2: instances with large settings start a few at a time. */
  freight: 'freight',
  /** Since 0.2: a stack beyond the limits ends its deployment at once. */
  sizeLimits: 'size-limits',
  /** Since 0.2: a deployment whose environment the worker may not look at is refused. */
  refusesTheUnseen: 'refuses-the-unseen',
  /** Since 0.2: a signal that must not be used was left out, and is at each replay. */
  refusedSignals: 'refused-signals',
  /** Since 0.2: a changed health check replaces the instances. */
  newChecks: 'new-checks',
  /** Since 0.2: a superseded deployment that cannot take that in is terminated. */
  endsStuck: 'ends-stuck',
  /** Since 0.2: an amended service that was through is put back, and done again. */
  restoreAmended: 'restore-amended',
} as const;
