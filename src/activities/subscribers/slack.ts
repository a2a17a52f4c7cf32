import type { Evidence } from '../../model/instance-status';
import type { Notification } from '../../model/notification';
import { post } from './post';

const shownLines = 10;
/** Slack takes 3,000 characters a section. */
const longestSection = 2900;

/** The message of an incoming webhook of Slack: a headline, and of a failure the last lines that it logged. */
export function messageOf({ stack, environment, text, details }: Notification): { text: string; blocks: object[] } {
  const headline = `*${escape(`${stack}/${environment}`)}* ${escape(text)}`;
  const { evidence } = (details.cause ?? {}) as { evidence?: Evidence };
  const lines = (evidence?.logs ?? []).slice(-shownLines).join('\n');
  return {
    text: `${stack}/${environment} ${text}`,
    blocks: [section(headline), ...(lines ? [section(`\`\`\`${escape(lines).replaceAll('`', "'").slice(-longestSection)}\`\`\``)] : [])],
  };
}

export function sendToSlack(url: string, notification: Notification, signal: AbortSignal): Promise<void> {
  return post(url, JSON.stringify(messageOf(notification)), {}, signal);
}

function section(text: string): object {
  return { type: 'section', text: { type: 'mrkdwn', text: text.slice(0, longestSection + 10) } };
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
