/** Headers that identify the client: the engine's own value of each, unless a trusted proxy has set it. */
const ownHeaders: { header: string; own: string }[] = [
  { header: 'X-Real-IP', own: '$remote_addr' },
  { header: 'X-Forwarded-For', own: '$remote_addr' },
  { header: 'X-Forwarded-Proto', own: '$scheme' },
  { header: 'X-Forwarded-Host', own: '$http_host' },
  { header: 'X-Forwarded-Port', own: '$server_port' },
];

/** Headers that the engine does not set; removed, so that services do not trust a client's value. */
const removedHeaders = [
  'Forwarded',
  'X-Forwarded-Prefix',
  'X-Forwarded-Protocol',
  'X-Forwarded-Scheme',
  'X-Forwarded-Server',
  'X-Forwarded-Ssl',
];

/**
 * Directives for the headers that identify the client. Clients cannot forge them: their values are overwritten or
 * removed, also in spellings with underscores, which CGI-like servers treat as equal. Values from proxies in `trusted`
 * are passed on, with the proxy's address added to X-Forwarded-For. `file`: lists further ranges of such proxies.
 */
export function forwarding(trusted: readonly string[] = [], file?: string): string[] {
  const names = [...ownHeaders.map(({ header }) => header), ...removedHeaders];
  const withUnderscores = names.flatMap(spellings).map((header) => `proxy_set_header ${header} "";`);
  if (trusted.length === 0 && file === undefined)
    return [
      ...ownHeaders.map(({ header, own }) => `proxy_set_header ${header} ${own};`),
      ...removedHeaders.map((header) => `proxy_set_header ${header} "";`),
      ...withUnderscores,
    ];
  const ranges = [...trusted.map((range) => `${range} 1;`), ...(file === undefined ? [] : [`include ${file};`])];
  return [
    `geo $trusted { default 0; ${ranges.join(' ')} }`,
    'map $trusted $told_x_forwarded_for { 1 $proxy_add_x_forwarded_for; default $remote_addr; }',
    ...ownHeaders
      .filter(({ header }) => header !== 'X-Forwarded-For')
      .map(({ header, own }) => fromTrustedProxy(header, own)),
    ...removedHeaders.map((header) => fromTrustedProxy(header, '""')),
    ...names.map((header) => `proxy_set_header ${header} $told_${variable(header)};`),
    ...withUnderscores,
  ];
}

function fromTrustedProxy(header: string, own: string): string {
  const name = variable(header);
  return `map $trusted:$http_${name} $told_${name} { ~^1:. $http_${name}; default ${own}; }`;
}

function variable(header: string): string {
  return header.toLowerCase().replaceAll('-', '_');
}

/** All spellings of a name with some of its hyphens as underscores. */
function spellings(header: string): string[] {
  const all = header
    .split('-')
    .reduce<string[]>(
      (made, part) => (made.length === 0 ? [part] : made.flatMap((start) => [`${start}-${part}`, `${start}_${part}`])),
      [],
    );
  return all.filter((each) => each !== header);
}
