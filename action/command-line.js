// Runs the command line.
const { spawn } = require('node:child_process');
const { randomUUID } = require('node:crypto');

const mostOutput = 4 * 1024 * 1024;

/** The words after the command. */
function wordsOf({ server, file, environment, set, image }) {
  return [
    '--server',
    server,
    ...(file ? ['-c', file] : []),
    ...(environment ? ['-e', environment] : []),
    ...set.flatMap((pair) => ['--set', pair]),
    ...image.flatMap((pair) => ['--image', pair]),
  ];
}

/** Runs it with a token, and shows its output. Resolves with its exit code and its output. */
function run(words, { folder, token, env, show = true }) {
  const { INPUT_TOKEN: _1, INPUT_GITHUB_TOKEN: _2, ACTIONS_ID_TOKEN_REQUEST_TOKEN: _3, ...others } = env;
  const child = spawn('deploy-code', words, {
    cwd: folder,
    env: { ...others, DEPLOY_CODE_TOKEN: token, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // GitHub obeys lines such as ::set-output in what is shown; a container's log may have some.
  const pause = randomUUID();
  process.stdout.write(`::stop-commands::${pause}\n`);
  let output = '';
  const take = (chunk, isShown) => {
    if (isShown) process.stdout.write(chunk);
    if (output.length < mostOutput) output += chunk;
  };
  child.stdout.setEncoding('utf8').on('data', (chunk) => take(chunk, show));
  child.stderr.setEncoding('utf8').on('data', (chunk) => take(chunk, true));
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`deploy-code cannot be run: ${error.code}`)));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  }).finally(() => process.stdout.write(`\n::${pause}::\n`));
}

module.exports = { run, wordsOf };
