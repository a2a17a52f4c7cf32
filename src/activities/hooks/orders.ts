import type { HookEvent, HookVerdict, Trigger } from '../../model/hooks';
import { imageKinds } from '../../model/hooks';
import { matchesOneOf } from '../../model/hooks/patterns';
import { fillTemplate, repositoryOf, TemplateProblem } from '../../model/hooks/templates';
import { isName } from '../../model/names';
import { longestReason, oneLine } from '../../model/text';
import { NoEvent } from './events';
import { Refused } from './signatures';

const shownCommit = 7;

/**
 * What a trigger does about an event.
 * @throws NoEvent if the event is none of its own, Refused if its values cannot be used
 */
export function ordersOf(
  trigger: Trigger,
  event: HookEvent,
  delivery: string,
  hasService: (name: string) => boolean,
): HookVerdict {
  requireMatch(trigger, event);
  const images = imagesOf(trigger, event);
  const services = trigger.services?.filter(hasService);
  return {
    verdict: 'deploy',
    delivery,
    message: oneLine(`${trigger.from} ${sentenceOf(event)}`.trim(), longestReason),
    ...(isName('commit', event.commit) && { commit: event.commit }),
    ...(images && { images }),
    ...(services && { services }),
  };
}

function requireMatch({ from, repositories, branches, tags }: Trigger, event: HookEvent): void {
  const { repository, branch, tag } = event;
  if (repositories && (repository === undefined || !matchesOneOf(repositories, repository)))
    throw new NoEvent('the trigger is not for this repository');
  if (!branches && !tags) return;
  const isOne =
    (branches !== undefined && branch !== undefined && matchesOneOf(branches, branch)) ||
    (tags !== undefined && tag !== undefined && matchesOneOf(tags, tag));
  if (!isOne) throw new NoEvent(`the trigger is not for this ${from === 'signed' ? 'branch or tag' : refKind(event)}`);
}

function refKind({ branch }: HookEvent): string {
  return branch === undefined ? 'tag' : 'branch';
}

/** The images that services get; of a pushed image only those of its repository. */
function imagesOf({ from, images }: Trigger, event: HookEvent): Record<string, string> | undefined {
  if (!images) return undefined;
  const own = Object.entries(images).filter(
    ([, template]) => !imageKinds.has(from) || repositoryOf(template) === event.repository,
  );
  if (own.length === 0) throw new NoEvent(`no service of the trigger has an image of ${event.repository}`);
  try {
    return Object.fromEntries(own.map(([service, template]) => [service, fillTemplate(template, event)]));
  } catch (error) {
    throw error instanceof TemplateProblem ? new Refused('malformed', error.message) : error;
  }
}

function sentenceOf({ repository = '', branch, tag, commit }: HookEvent): string {
  const where = [repository, branch ?? tag].filter(Boolean).join(' ');
  return commit === undefined ? where : `${where} ${commit.slice(0, shownCommit)}`;
}
