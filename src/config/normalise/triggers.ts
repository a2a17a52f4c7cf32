import { imageKinds, type Trigger } from '../../model/hooks';
import { templateProblem } from '../../model/hooks/templates';
import type { SecretSource } from '../../model/instance';
import { didYouMean } from '../schema/suggest';
import type { StackFile } from '../schema/stack-file';
import { toSecret } from './secrets';
import { type Attempt, Malformed } from './words';

type TriggerInput = NonNullable<StackFile['triggers']>[string];

/** Triggers of the stack; undefined if there are none. */
export function toTriggers(
  { triggers = {}, services }: StackFile,
  secrets: Record<string, SecretSource>,
  attempt: Attempt,
): Trigger[] | undefined {
  const found = Object.entries(triggers).flatMap(([name, input]) =>
    attempt(['triggers', name], () => [toTrigger(name, input, secrets, Object.keys(services))], []),
  );
  return found.length > 0 ? found : undefined;
}

function toTrigger(
  name: string,
  input: TriggerInput,
  secrets: Record<string, SecretSource>,
  services: string[],
): Trigger {
  const { from, secret, repositories, branches, tags, images, services: only } = input;
  checkFilters(input);
  checkEffect(input);
  for (const service of [...Object.keys(images ?? {}), ...(only ?? [])])
    if (!services.includes(service))
      throw new Malformed(`there is no service "${service}"${didYouMean(service, services)}`);
  for (const [service, template] of Object.entries(images ?? {})) {
    const problem = templateProblem(template);
    if (problem !== undefined) throw new Malformed(`images.${service} ${problem}`);
  }
  return {
    name,
    from,
    secret: toSecret(secret, secrets),
    ...(repositories && { repositories }),
    ...(branches && { branches }),
    ...(tags && { tags }),
    ...(images && { images }),
    ...(only && { services: only }),
  };
}

function checkFilters({ from, branches, tags }: TriggerInput): void {
  if (imageKinds.has(from) && branches) throw new Malformed(`branches is not possible: images have tags only`);
  if (from !== 'signed' && !imageKinds.has(from) && !branches && !tags)
    throw new Malformed('needs branches or tags; without them, a push to any branch would deploy');
}

function checkEffect({ images, redeploy, services }: TriggerInput): void {
  if (images && redeploy) throw new Malformed('needs either images or redeploy');
  if (!images && redeploy === false) throw new Malformed('needs images, or redeploy: true');
  if (images && Object.keys(images).length === 0) throw new Malformed('images is empty; name a service');
  if (images && services) throw new Malformed('services is for redeploy; images names its services itself');
}
