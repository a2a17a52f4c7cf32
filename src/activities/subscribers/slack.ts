import type { Evidence } from '../../model/instance-status';
import type { Notification } from '../../model/notification';
import { oneLine, visibleLines } from '../../model/text';
import { post } from './post';

const shownLines = 10;
/** Slack accepts 3,000 characters per section. */
const longestSection = 2900;
const longestHeadline = 1000;

/** The payload of a Slack incoming webhook: a headline, and for a failure the last log lines. */
export function messageOf({ stack, environment, text: told, details }: Notification): {
  text: string;
  blocks: object[];
  parse: 'none';
  link_names: false;
} {
  const text = oneLine(told, longestHeadline);
  const headline = `*${escape(`${stack}/${environment}`)}* ${escape(text)}`;
  const { evidence } = (details.cause ?? {}) as { evidence?: Evidence };
  const lines = (evidence?.logs ?? []).slice(-shownLines).join('\n');
  return {
    text: escape(`${stack}/${environment} ${text}`),
    parse: 'none',
    link_names: false,
    blocks: [
      section(headline),
      ...(lines
        ? [section(`\`\`\`${escape(visibleLines(lines)).replaceAll('`', "'").slice(-longestSection)}\`\`\``)]
        : []),
    ],
  };
}

export function sendToSlack(url: string, notification: Notification, signal: AbortSignal): Promise<void> {
  return post(url, JSON.stringify(messageOf(notification)), {}, signal);
}

/** `verbatim`: Slack does not turn names and URLs into links. */
function section(text: string): object {
  return { type: 'section', text: { type: 'mrkdwn', text: text.slice(0, longestSection + 10), verbatim: true } };
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
