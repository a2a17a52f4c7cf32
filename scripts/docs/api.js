// docs/api.md: every route of the server with the action that it needs, and the roles of the actions.
const { inlineSchema } = require('../../dist/api/described-schemas');
const { allRoutes } = require('../../dist/api/routes');
const { hookRoute } = require('../../dist/api/hooks');
const { problemCodes } = require('../../dist/api/problems');
const { actions, reaches, roles } = require('../../dist/model/access');
const { namesOf } = require('../../dist/api/graphql/names');
const { limits } = require('../../dist/api/graphql/limits');
const { topicRules } = require('../../dist/api/live/topics');
const { code, page, table } = require('./markdown');

const intro = `\`deploy-code server\` serves this API below \`/api/v1\`. [access.md](access.md) shows how to start it,
and how to get a token. The whole description, OpenAPI 3.1, is at \`/api/v1/openapi.json\`; any generator makes a
client of it, whose functions have the names of the fields in the table of routes. The page \`/docs\` shows it, and
calls it with your token.`;

const example = `\`\`\`console
$ curl -H "Authorization: Bearer $TOKEN" https://deploy.example.com/api/v1/environments/shop/production
\`\`\``;

const requests = `- Every request has a token: \`Authorization: Bearer dct_…\`. Pages of the server itself, such as
  \`/docs\`, have the session of whoever has logged in there instead; no other page can use it. Names in addresses have
  the grammar of stack files.
- Every \`POST\` is safe to repeat with an \`Idempotency-Key\` (1 to 200 printable characters without spaces). The same
  key of the same caller is the same request: one deployment, one command, one approval, one run of a schedule. A secret
  is in one answer only, so that a repeated request for a token or a link gets a new one instead of the one before.
- The same key with another body is refused for deployments (422); elsewhere it is another request. A repetition is
  recognised for as long as Temporal keeps the first request.
- While Temporal or all workers are away, the answer is 503, within about ten seconds. A deployment may have begun
  nevertheless: repeat the request with its key.
- \`POST …/deployments\` with \`images\` deploys the current release with other images, as a new release; with
  \`stack\` it deploys a stack that a client has read from a file. Secrets in it are sealed by the client.
- A body has at most 2 MiB. Fields and parameters that a route does not have are refused (400). After too many requests
  a minute the answer is 429 (\`--per-minute\`, default 600); \`Retry-After\` says how long to wait.
- A server that is stopping answers 503 with the code \`stopping\`: make the request again.`;

const lists = `- A list has at most \`limit\` entries, an audit trail \`last\` records. If there are more, the answer
  has \`next\`: send it as \`cursor\` for the next page. Entries that come or go meanwhile move no page.
- Answers to \`GET\` have an \`ETag\`. With \`If-None-Match\`, an answer that has not changed is 304 without a body.`;

const live = `\`GET /live?topics=TOPIC,TOPIC\` sends what happens as server-sent events, of up to 10 topics:`;

const streams = `\`\`\`console
$ curl -N -H "Authorization: Bearer $TOKEN" \\
    'https://deploy.example.com/api/v1/live?topics=environment:shop/production,logs:shop/production/web&tail=20'
\`\`\`

- Messages are \`event\` (of a deployment), \`state\`, \`instances\` (with their health), \`lines\` (of one instance),
  \`away\` (hosts and instances whose logs cannot be read now), \`end\`, \`slow\` and \`problem\`. Their data is
  \`{"topic": …, "data": …}\`.
- After a lost connection, \`Last-Event-ID\` with the same topics resumes after that message, at any server, without a
  gap. States are sent as they are then.
- Each topic needs the role of its action, for as long as it is followed: a role that is withdrawn or a token that is
  revoked ends it within five seconds, with \`problem\`.
- A reader that takes nothing for 30 seconds is dropped. One that is more than 4 MiB of log lines behind
  gets \`slow\`, and resumes. One subject has at most 100 streams at a server.

As a WebSocket, the same address takes messages in JSON:

\`\`\`json
{"type": "subscribe", "id": "1", "topic": "logs:shop/production", "tail": 20}
{"type": "subscribe", "id": "2", "topic": "deployment:shop/production/7", "after": "12"}
{"type": "unsubscribe", "id": "1"}
{"type": "ping"}
\`\`\`

- Answers have the \`id\` of the subscription, the name of the message as \`type\`, its \`data\` and, where one can
  resume, the \`position\` to send as \`after\`. The last one is \`unsubscribed\` or \`problem\`.
- The token is in the header \`Authorization\` of the handshake, or the page has the session of a log-in. Pages of other
  hosts are refused.
- A connection has at most 20 subscriptions, messages of 8 KiB, and 50 messages a second. It is closed with 1008 or 1007
  for more, with 1000 after a minute without a subscription, with 1013 if it reads nothing for 30 seconds, and with 1012
  when the server stops: connect again.

\`GET …/logs?follow=true\` is the log of one environment as text, or by \`Accept\` as \`application/x-ndjson\` or
\`text/event-stream\`. \`since\` begins at a time (not of processes), \`after\` after the \`id\` of a message.

\`GET …/deployments/:deployment/events\` is one deployment as server-sent events: \`event\` with its number as id,
\`state\` with what the deployment waits for, and \`end\` (with the status \`lost\` if it was terminated in Temporal).`;

const graphql = `\`POST /graphql\` serves the same in GraphQL. Every route is a field, which the table of routes names:
a read is a query, everything else a mutation; parts of an environment are also fields of \`environment\`. A body is the
argument \`input\`, \`Idempotency-Key\` the argument \`idempotencyKey\`.

\`\`\`console
$ curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' https://deploy.example.com/graphql \\
    -d '{"query": "{ environment(stack: \\"shop\\", environment: \\"test\\") { hosts { hosts { name workers } } } }"}'
\`\`\`

- A field that you may not read is \`null\`, with an error whose \`extensions\` are those of a problem: \`code\`,
  \`status\`, \`advice\`, \`exitCode\`. The others are answered.
- \`subscription { live(topic: "…", after: "…") { name id data } }\` follows a topic; send \`Accept:
  text/event-stream\`.
- A type that may have more fields than it names has all of them in \`json\`.
- A request has one operation and at most LIMITS. The schema is described to everybody with a token.`;

const problems = `An error is a document of the type \`application/problem+json\` (RFC 9457). \`detail\` says what is
wrong, \`advice\` what to do, \`exitCode\` is that of the command line for the same problem.`;

function apiPage() {
  const names = namesOf(allRoutes);
  return page(
    '# The API',
    '<!-- Generated by `npm run docs` from src/api. Do not edit. -->',
    intro,
    example,
    '## Requests',
    requests,
    '## Lists and copies',
    lists,
    '## Live events',
    live,
    table(
      ['topic', 'tells', 'action'],
      Object.values(topicRules).map(({ form, what, action }) => [
        form.split(' or ').map(code).join(', '),
        what,
        code(action),
      ]),
    ),
    streams,
    '## GraphQL',
    graphql.replace('LIMITS', limitsText()),
    '## Problems',
    problems,
    table(
      ['code', 'status', 'meaning', 'exit code'],
      Object.entries(problemCodes).map(([name, { status, title, exitCode }]) => [
        code(name),
        status,
        title,
        exitCode ?? '',
      ]),
    ),
    '## Roles and actions',
    'Each role includes those before it. Roles on the installation are those with the scope `*`.',
    table(
      ['action', 'may', 'on', ...roles],
      Object.entries(actions).map(([name, { what, on, role }]) => [
        code(name),
        what,
        `the ${on}`,
        ...roles.map((each) => (reaches(each, role) ? 'yes' : '')),
      ]),
    ),
    '## Routes',
    table(
      ['route', 'field', 'action', 'what it does'],
      allRoutes
        .map((route) => [route, names.get(route)])
        .map(([{ method, path, action, summary }, field]) => [
          code(`${method} ${path}`),
          path.endsWith('/events') ? '' : code(field),
          action === 'own' ? 'any valid token' : code(action),
          summary,
        ]),
    ),
    `Beside \`/api/v1\`, ${code(`${hookRoute.method} ${hookRoute.path}`)} takes requests to the triggers of stack files,
without a token: the secret of the trigger decides ([hooks.md](hooks.md)).`,
    '## Bodies',
    allRoutes
      .filter(({ body }) => body)
      .flatMap(({ method, path, body }) => [
        `### ${code(`${method} ${path}`)}`,
        table(['field', 'required', 'type', 'description'], fieldsOf(body)),
      ]),
  );
}

function limitsText() {
  const { tokens, depth, aliases, reads, fields } = limits;
  return (
    `${tokens} words and signs, ${depth} levels,\n  ${aliases} aliases, ${fields} fields ` +
    `and ${reads} fields that ask the engine`
  );
}

/** The fields of a body from its JSON schema. */
function fieldsOf(body) {
  const { properties = {}, required = [] } = inlineSchema(body, 'input');
  return Object.entries(properties).map(([name, { type, enum: words, description, default: otherwise }]) => [
    code(name),
    required.includes(name) ? 'yes' : '',
    words ? words.map(code).join(', ') : (type ?? ''),
    [description, otherwise === undefined ? undefined : `default ${code(JSON.stringify(otherwise))}`]
      .filter(Boolean)
      .join('; '),
  ]);
}

module.exports = { apiPage };
