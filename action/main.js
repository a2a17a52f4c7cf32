// The GitHub Action: shows a plan, or deploys and waits for the end. Needs Node and `deploy-code` only.
const { run, wordsOf } = require('./command-line');
const { identityOf } = require('./identity');
const { readInputs } = require('./inputs');
const { request } = require('./http');
const { blockOf, comment, output, summarise } = require('./report');

const { env } = process;
/** As docs/cli.md has them. */
const exitCodes = { succeeded: 0, unchanged: 0, refused: 2, rollback_incomplete: 3, cancelled: 4 };
const pauseMs = Number(env.DEPLOY_CODE_ACTION_PAUSE_MS ?? 2000);
const mostFailures = 30;

function mask(secret) {
  process.stdout.write(`::add-mask::${secret}\n`);
}

async function main() {
  const inputs = readInputs(env);
  const identity = identityOf(inputs, env, mask);
  const code = await (inputs.command === 'plan' ? plan(inputs, identity) : deploy(inputs, identity));
  output('exit-code', code, env);
  process.exitCode = code;
}

async function plan(inputs, identity) {
  const { folder } = inputs;
  const { code, output: text } = await run(['plan', ...wordsOf(inputs)], { folder, token: await identity(), env });
  const title = code === 0 ? 'Plan' : code === 2 ? 'Plan: refused' : 'Plan: failed';
  const report = `### ${title}${inputs.environment ? ` for ${inputs.environment}` : ''}\n\n${blockOf(text)}`;
  summarise(report, env);
  if (inputs.comment !== undefined) await comment(inputs, report, env);
  return code;
}

/** Starts the deployment, and waits for its end with a token that is renewed: the first one ends after ten minutes. */
async function deploy(inputs, identity) {
  const { folder, reason } = inputs;
  const words = ['deploy', '--detach', '--json', '--reason', reason, ...wordsOf(inputs)];
  const started = await run(words, { folder, token: await identity(), env });
  const line = lastEvent(started.output);
  if (started.code !== 0 || !line) {
    summarise(`### Deployment failed\n\n${blockOf(line?.data?.cause?.message ?? started.output)}`, env);
    output('outcome', line?.data?.outcome, env);
    return started.code || 1;
  }
  const id = String(line.data.workflowId ?? '').split('/')[3];
  output('deployment', id, env);
  const result = line.code === 'deployment.finished' ? line.data : await resultOf(inputs, identity, line, id);
  output('outcome', result.outcome, env);
  const place = `${line.stack}/${line.environment}`;
  const cause = result.cause ? `\n\n${blockOf(String(result.cause.message))}` : '';
  const text = `deployment ${result.deployment ?? id} of ${place}: ${String(result.outcome).replaceAll('_', ' ')}`;
  process.stdout.write(`${text}\n`);
  summarise(`### ${text[0].toUpperCase()}${text.slice(1)}${cause}`, env);
  return exitCodes[result.outcome] ?? 1;
}

/** The last line of the output that is an event. */
function lastEvent(text) {
  for (const line of text.trimEnd().split('\n').reverse()) {
    try {
      const event = JSON.parse(line);
      if (typeof event?.code === 'string') return event;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Waits for the end of a deployment. A server that is away for a while ends nothing. */
async function resultOf({ server }, identity, { stack, environment }, id) {
  const path = [stack, environment, 'deployments', id, 'result'].map(encodeURIComponent).join('/');
  let failures = 0;
  for (;;) {
    const { status, body } = await ask(`${server}/api/v1/environments/${path}`, identity);
    if (status === 200) return body;
    const isRunning = status === 422;
    failures = isRunning ? 0 : failures + 1;
    if ((status >= 400 && status < 500 && !isRunning && status !== 429) || failures > mostFailures)
      throw new Error(`the end of the deployment cannot be read (${status}): ${body.detail ?? ''}`);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

async function ask(url, identity) {
  try {
    return await request(url, { headers: { authorization: `Bearer ${await identity()}` } });
  } catch (error) {
    return { status: 503, body: { detail: error.message } };
  }
}

main().catch((error) => {
  process.stdout.write(`::error::${String(error.message).replace(/[\r\n%]/g, ' ')}\n`);
  process.exitCode = 1;
});
