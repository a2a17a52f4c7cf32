import { isCredentialFile, isCredentialKey, isCredentialVariable } from '../../model/names/credential-names';
import { hasMark } from '../../model/text/marks';
import { isData } from '../read/overlay';
import type { Finding } from '../problems';

/** Keys of a service that are searched for literal credentials. */
const places = new Set([
  'environment',
  'labels',
  'logging',
  'health_check',
  'entrypoint',
  'command',
  'hooks',
  'strategy',
]);
const passwordInUrl = /\b[a-z][a-z0-9+.-]*:\/\/[^\s/?#:@]*:[^\s/?#@]+@/i;
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
/** Headers that carry credentials. */
const header = /^(?:proxy-)?authorization$|^cookie$|^x-(?:api-key|auth-token)$/i;
const exposed = 'anyone who can read the file or the Temporal history can read it';

/**
 * Warnings for values that look like credentials; they do not fail validation. `data`: the file with variables filled
 * in and Compose spellings converted. Findings never contain a value.
 */
export function literalCredentials(data: unknown): Finding[] {
  const services = isData(data) && isData(data.services) ? Object.entries(data.services) : [];
  const ofServices = services.flatMap(([name, service]) =>
    (isData(service) ? Object.entries(service) : []).flatMap(([key, value]) =>
      places.has(key) ? below(value, ['services', name, key]) : [],
    ),
  );
  const configs = isData(data) && isData(data.configs) ? Object.entries(data.configs) : [];
  const ofConfigs = configs.filter(
    ([, config]) => isData(config) && typeof config.content === 'string' && privateKey.test(config.content),
  );
  return [
    ...ofServices,
    ...ofConfigs.map(([name]) => ({
      path: ['configs', name, 'content'],
      message: `contains a private key, and ${exposed}; declare it under the top-level secrets`,
    })),
    ...ofSubscribers(data),
  ];
}

/** Three asterisks alone in a line of a longer text may be anything, such as a rule in Markdown. */
const concealedText = /[=:]\s?["']?\*\*\*["']?$|:\/\/[^\s/]*\*\*\*[^\s/]*@/m;

/**
 * Problems for `***` where `deploy-code config` writes it for a credential: a file that it printed would set these
 * asterisks as the password. `data`: as for {@link literalCredentials}.
 */
export function concealedCredentials(data: unknown): Finding[] {
  const { services, networks, volumes, configs } = isData(data) ? data : {};
  return Object.entries({ services, networks, volumes, configs }).flatMap(([key, part]) => concealedIn(part, [key]));
}

function concealedIn(value: unknown, path: (string | number)[]): Finding[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => concealedIn(item, [...path, index]));
  if (isData(value)) return Object.entries(value).flatMap(([key, item]) => concealedIn(item, [...path, key]));
  if (typeof value !== 'string' || hasMark(value) || !isConcealed(value, String(path.at(-1)))) return [];
  const message =
    'contains ***, which `deploy-code config` prints for a credential; deploy the file that it was printed from, ' +
    'or write the variable: ${NAME}';
  return [{ path, message }];
}

function isConcealed(text: string, key: string): boolean {
  return text === '***' || concealedText.test(text) || (text.includes('***') && isCredentialKey(key));
}

function below(value: unknown, path: (string | number)[]): Finding[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown, index) => below(item, [...path, index]));
  if (isData(value)) return Object.entries(value).flatMap(([key, item]) => below(item, [...path, key]));
  const isText = typeof value === 'string' || typeof value === 'number';
  return isText ? judge(String(value), path) : [];
}

function judge(text: string, path: (string | number)[]): Finding[] {
  if (hasMark(text)) return [];
  const { key, value } = assigned(text, path);
  const isVariable = path[2] === 'environment';
  const use = isVariable
    ? `; declare it under the top-level secrets and use it with secrets: [{source: …, environment: ${key}}]`
    : '; declare it under the top-level secrets';
  const isNamed =
    value !== '' &&
    !/^(?:true|false|yes|no|none|null)$/i.test(value) &&
    !isCredentialFile(key) &&
    (isCredentialVariable(key.replaceAll('-', '_')) || header.test(key));
  if (isNamed) return [{ path, message: `${key} looks like a credential, and ${exposed}${use}` }];
  if (passwordInUrl.test(text)) return [{ path, message: `contains a URL with a password, and ${exposed}${use}` }];
  return privateKey.test(text) ? [{ path, message: `contains a private key, and ${exposed}${use}` }] : [];
}

/** `KEY=value` in a list, or the value of a key. */
function assigned(text: string, path: (string | number)[]): { key: string; value: string } {
  const last = path.at(-1);
  const cut = text.indexOf('=');
  if (typeof last !== 'number') return { key: String(last), value: text };
  return cut > 0
    ? { key: text.slice(0, cut).replace(/^-+/, ''), value: text.slice(cut + 1) }
    : { key: '', value: text };
}

/** `https://hooks.example.com/?token=…` */
function ofSubscribers(data: unknown): Finding[] {
  const subscribers = isData(data) && isData(data.subscribers) ? Object.entries(data.subscribers) : [];
  return subscribers.flatMap(([name, subscriber]) => {
    const url = isData(subscriber) && isData(subscriber.webhook) ? subscriber.webhook.url : undefined;
    if (typeof url !== 'string' || !URL.canParse(url)) return [];
    const named = [...new URL(url).searchParams.keys()].find(
      (key) => isCredentialKey(key) || /^(?:key|sig|signature)$/i.test(key),
    );
    return named === undefined
      ? []
      : [
          {
            path: ['subscribers', name, 'webhook', 'url'],
            message:
              `has a parameter "${named}", which looks like a credential, and ${exposed}; ` +
              'put the address into a secret and write url: {secret: NAME}',
          },
        ];
  });
}
