/**
 * Headers that tell a service who asks: the engine's own value for each, and what a trusted proxy may have said
 * instead.
 */
const told: { header: string; own: string }[] = [
  { header: 'X-Real-IP', own: '$remote_addr' },
  { header: 'X-Forwarded-For', own: '$remote_addr' },
  { header: 'X-Forwarded-Proto', own: '$scheme' },
  { header: 'X-Forwarded-Host', own: '$http_host' },
  { header: 'X-Forwarded-Port', own: '$server_port' },
];

/** The engine says nothing of these; services that listen to them must not believe a client. */
const untold = [
  'Forwarded',
  'X-Forwarded-Prefix',
  'X-Forwarded-Protocol',
  'X-Forwarded-Scheme',
  'X-Forwarded-Server',
  'X-Forwarded-Ssl',
];

/**
 * Directives by which a service learns who asks. Clients cannot forge any of these headers: what they send is
 * overwritten or dropped, spellings with underscores included, which CGI-like servers take for the same. Proxies with
 * an address in `trusted` are believed: what they say is passed on, and their own address is added to X-Forwarded-For.
 */
export function forwarding(trusted: readonly string[] = []): string[] {
  const names = [...told.map(({ header }) => header), ...untold];
  const misspelt = names.flatMap(spellings).map((header) => `proxy_set_header ${header} "";`);
  if (trusted.length === 0)
    return [
      ...told.map(({ header, own }) => `proxy_set_header ${header} ${own};`),
      ...untold.map((header) => `proxy_set_header ${header} "";`),
      ...misspelt,
    ];
  return [
    `geo $trusted { default 0; ${trusted.map((range) => `${range} 1;`).join(' ')} }`,
    'map $trusted $told_x_forwarded_for { 1 $proxy_add_x_forwarded_for; default $remote_addr; }',
    ...told.filter(({ header }) => header !== 'X-Forwarded-For').map(({ header, own }) => believed(header, own)),
    ...untold.map((header) => believed(header, '""')),
    ...names.map((header) => `proxy_set_header ${header} $told_${variable(header)};`),
    ...misspelt,
  ];
}

function believed(header: string, own: string): string {
  const name = variable(header);
  return `map $trusted:$http_${name} $told_${name} { ~^1:. $http_${name}; default ${own}; }`;
}

function variable(header: string): string {
  return header.toLowerCase().replaceAll('-', '_');
}

/** The same name with some of its hyphens as underscores. */
function spellings(header: string): string[] {
  const all = header
    .split('-')
    .reduce<string[]>(
      (made, part) => (made.length === 0 ? [part] : made.flatMap((start) => [`${start}-${part}`, `${start}_${part}`])),
      [],
    );
  return all.filter((each) => each !== header);
}
