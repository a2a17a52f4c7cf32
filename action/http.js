// Requests with a deadline, whose answers are JSON.

const deadlineMs = 90_000;

/** @returns {Promise<{status: number, body: any}>} */
async function request(url, { method = 'GET', headers = {}, body } = {}) {
  const response = await fetch(url, {
    method,
    headers: { accept: 'application/json', 'user-agent': 'deploy-code-action', ...headers },
    ...(body !== undefined && { body }),
    redirect: 'error',
    signal: AbortSignal.timeout(deadlineMs),
  }).catch((error) => {
    throw new Error(`${new URL(url).host} does not answer: ${error.cause?.code ?? error.message}`);
  });
  const text = await response.text();
  try {
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
  } catch {
    return { status: response.status, body: {} };
  }
}

module.exports = { request };
