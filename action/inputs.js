// What the workflow asks for.
const { readFileSync } = require('node:fs');

/** The inputs of the action. @throws Error if one is not valid */
function readInputs(env) {
  const input = (name) => (env[`INPUT_${name}`] ?? '').trim();
  const event = env.GITHUB_EVENT_PATH ? JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, 'utf8')) : {};
  const pullRequest = event.pull_request?.number;
  const server = addressOf(input('SERVER'));
  const command = input('COMMAND') || (pullRequest === undefined ? 'deploy' : 'plan');
  if (command !== 'plan' && command !== 'deploy') throw new Error(`command must be plan or deploy, not ${command}`);
  return {
    server,
    command,
    file: input('FILE'),
    environment: input('ENVIRONMENT'),
    set: pairsOf('set', input('SET')),
    image: pairsOf('image', input('IMAGE')),
    reason: input('REASON') || reasonOf(env),
    token: input('TOKEN'),
    audience: input('AUDIENCE') || server,
    comment: input('COMMENT') !== 'false' && Number.isSafeInteger(pullRequest) ? pullRequest : undefined,
    githubToken: input('GITHUB_TOKEN'),
    folder: input('WORKING_DIRECTORY') || '.',
  };
}

/** A token must not travel without TLS. */
function addressOf(text) {
  if (!URL.canParse(text)) throw new Error('server must be an address such as https://deploy.example.com');
  const { protocol, hostname, username, password, origin } = new URL(text);
  const isLocal = protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
  if (protocol !== 'https:' && !isLocal) throw new Error('server must begin with https://');
  if (username || password) throw new Error('server must have no user or password; use token');
  return origin;
}

function pairsOf(name, text) {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const wrong = lines.find((line) => !/^[^=\s]+=/.test(line));
  if (wrong !== undefined) throw new Error(`${name} must have NAME=value in each line`);
  return lines;
}

function reasonOf({ GITHUB_SHA: sha = '', GITHUB_RUN_ID: run = '', GITHUB_REPOSITORY: repository = '' }) {
  return [repository, sha.slice(0, 7), run && `run ${run}`].filter(Boolean).join(' ').slice(0, 500);
}

module.exports = { readInputs };
