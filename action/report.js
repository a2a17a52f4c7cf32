// What people see: a comment on the pull request that is updated, and the summary of the job.
const { appendFileSync } = require('node:fs');
const { request } = require('./http');

const longest = 60_000;
const mostPages = 10;

/** Text from outside in a block of code that it cannot leave. */
function blockOf(text) {
  // eslint-disable-next-line no-control-regex
  const plain = text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '').replace(/[^\P{Cc}\n\t]/gu, '');
  const cut = plain.length > longest ? `${plain.slice(0, longest)}\n… (cut)` : plain;
  const ticks = Math.max(2, ...[...cut.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(ticks + 1);
  return `${fence}text\n${cut.trimEnd()}\n${fence}`;
}

/** Creates the comment of this stack file and environment, or updates it. */
async function comment({ comment: number, githubToken, file, environment, server }, text, env) {
  const { GITHUB_API_URL: api = 'https://api.github.com', GITHUB_REPOSITORY: repository } = env;
  const of = [server, file, environment].join(' ').replace(/[^A-Za-z0-9._:/ -]/g, '?');
  const marker = `<!-- deploy-code plan ${of.replaceAll('--', '- -')} -->`;
  const headers = {
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${githubToken}`,
    'x-github-api-version': '2022-11-28',
    'content-type': 'application/json',
  };
  const body = JSON.stringify({ body: `${marker}\n${text}` });
  const base = `${api}/repos/${repository}/issues`;
  const known = await find(`${base}/${number}/comments`, marker, headers);
  const { status, body: answer } = await (known === undefined
    ? request(`${base}/${number}/comments`, { method: 'POST', headers, body })
    : request(`${base}/comments/${known}`, { method: 'PATCH', headers, body }));
  if (status >= 300)
    throw new Error(
      `GitHub takes no comment (${status} ${answer.message ?? ''}); set \`permissions: {pull-requests: write}\``,
    );
}

/** Only comments of programs: anybody can write one with the marker. */
async function find(url, marker, headers) {
  for (let page = 1; page <= mostPages; page += 1) {
    const { status, body } = await request(`${url}?per_page=100&page=${page}`, { headers });
    if (status !== 200 || !Array.isArray(body)) return undefined;
    const found = body.find(({ body: text, user }) => user?.type === 'Bot' && String(text).startsWith(marker));
    if (found) return found.id;
    if (body.length < 100) return undefined;
  }
  return undefined;
}

function summarise(text, { GITHUB_STEP_SUMMARY: file }) {
  if (file) appendFileSync(file, `${text}\n`);
}

/** Sets an output of the action, in one line. */
function output(name, value, { GITHUB_OUTPUT: file }) {
  if (file) appendFileSync(file, `${name}=${String(value ?? '').replace(/[\r\n]/g, ' ')}\n`);
}

module.exports = { blockOf, comment, output, summarise };
