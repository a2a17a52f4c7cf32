import { DOMParser } from '@xmldom/xmldom';

/** What signatures may be made with; SHA-1 can be forged. */
const algorithms: Record<'SignatureMethod' | 'DigestMethod', readonly string[]> = {
  SignatureMethod: [
    'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
  ],
  DigestMethod: ['http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2001/04/xmlenc#sha512'],
};
const namespace = 'http://www.w3.org/2000/09/xmldsig#';

const declaration = /^\uFEFF?<\?xml\s[^<>?]{0,200}\?>/;
/** Text, a comment, or a tag whose attributes have quotes. */
const token = /[^<]+|<!--(?:(?!--)[^])*-->|<(\/?)[\w.:-]+(?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*(\/?)>/y;
const mostElements = 20_000;
/** Parsers take time with the square of the depth. */
const deepest = 50;

/**
 * Refuses XML before anything of it counts: with a document type, which could define entities, with processing
 * instructions or CDATA, too large or too deep, or with signatures of weak algorithms.
 * @throws Error that says what is wrong
 */
export function requireSafeXml(text: string): void {
  requireSimple(text.replace(declaration, ''));
  const document = new DOMParser({ errorHandler: refuse }).parseFromString(text, 'text/xml');
  for (const [name, allowed] of Object.entries(algorithms))
    for (const element of Array.from(document.getElementsByTagNameNS(namespace, name))) {
      const algorithm = element.getAttribute('Algorithm') ?? '';
      if (!allowed.includes(algorithm))
        throw new Error(`signatures with ${algorithm.slice(0, 100)} do not count: let the provider sign with SHA-256`);
    }
}

/** Reads each character once. */
function requireSimple(text: string): void {
  let [depth, elements] = [0, 0];
  for (token.lastIndex = 0; token.lastIndex < text.length;) {
    const at = token.lastIndex;
    const [tag, slash, isEmpty] = token.exec(text) ?? [];
    if (tag === undefined)
      throw new Error(`the response has ${JSON.stringify(text.slice(at, at + 20))}, which does not belong there`);
    if (slash === undefined) continue;
    elements += 1;
    if (isEmpty === '') depth += slash === '/' ? -1 : 1;
    if (depth > deepest || elements > mostElements) throw new Error('the response has too many elements');
  }
}

function refuse(_: string, message: string): never {
  throw new Error(`the response is not well-formed: ${message.split('\n')[0]}`);
}
