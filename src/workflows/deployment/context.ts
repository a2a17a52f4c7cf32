import type { StepContext } from '../../activities/contract';
import type { WithPlatformRetry } from '../hosts';
import type { DeploymentInput, Go } from '../messages';
import { contextOf } from '../support/step-context';
import type { EnvironmentLink } from './admission/environment-link';
import type { HostClaims } from './admission/host-claims';
import type { CertificateWishes } from './admission/certificate-wish';
import type { RouteClaims } from './admission/route-claims';
import type { FailureDecision } from './people/failure-decision';
import type { Steering } from './people/steering';
import type { ProgressLog } from './report/progress-log';
import { DeploymentClock } from './steps/clock';
import type { ConfigReferences } from './steps/config-references';
import { PayloadBudget } from './steps/payload-budget';
import { PlatformRetry } from './steps/platform-retry';

/** The parts of a deployment after its environment has permitted it to start. */
export interface DeploymentParts {
  /** The request. An amendment changes the run's input, not this one. */
  input: DeploymentInput;
  /** The environment's permission, with the numbers of the deployment and its release. */
  go: Go;
  log: ProgressLog;
  link: EnvironmentLink;
  steering: Steering;
  failureDecision: FailureDecision;
  claims: HostClaims;
  routes: RouteClaims;
  certificates: CertificateWishes;
  references: ConfigReferences;
  /** The release that it keeps has to be sealed. */
  seals: boolean;
  /** Asks a person; resolves with the answer. */
  ask: (text: string, answers: string[]) => Promise<string>;
}

/** Shared by all stages and steps of a deployment. */
export interface DeploymentContext extends DeploymentParts {
  /** Context for its activities. */
  activityContext: StepContext;
  clock: DeploymentClock;
  platformRetry: PlatformRetry;
  payloadBudget: PayloadBudget;
  /** Runs a call outside of a step; waits while the platform is unavailable. */
  withPlatformRetry: WithPlatformRetry;
}

export function createContext(parts: DeploymentParts): DeploymentContext {
  const { stack } = parts.input;
  const activityContext = contextOf(stack, parts.go.deployment);
  const clock = new DeploymentClock();
  const platformRetry = new PlatformRetry(clock, stack.deployment.platformTimeoutMs);
  return {
    ...parts,
    activityContext,
    clock,
    platformRetry,
    payloadBudget: new PayloadBudget(JSON.stringify(activityContext).length),
    withPlatformRetry: (taskQueue, call) =>
      platformRetry.retryCall(taskQueue, call, (message) => parts.log.note(`waits for the platform: ${message}`)),
  };
}
