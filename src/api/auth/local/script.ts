/**
 * The script of pages with passkeys, a file of its own: pages run no other. It gives what the server asks to the
 * browser, and sends the answer with the form.
 */
export const script = `
'use strict';
const bytesOf = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (character) => character.charCodeAt(0));
const textOf = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '');
const withBytes = (list) => (list || []).map((each) => ({ ...each, id: bytesOf(each.id) }));

async function get(options) {
  const asked = {
    ...options,
    challenge: bytesOf(options.challenge),
    allowCredentials: withBytes(options.allowCredentials),
  };
  const { id, rawId, type, response } = await navigator.credentials.get({ publicKey: asked });
  return {
    id,
    rawId: textOf(rawId),
    type,
    clientExtensionResults: {},
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      authenticatorData: textOf(response.authenticatorData),
      signature: textOf(response.signature),
      ...(response.userHandle && { userHandle: textOf(response.userHandle) }),
    },
  };
}

async function create(options) {
  const asked = {
    ...options,
    challenge: bytesOf(options.challenge),
    user: { ...options.user, id: bytesOf(options.user.id) },
    excludeCredentials: withBytes(options.excludeCredentials),
  };
  const { id, rawId, type, response } = await navigator.credentials.create({ publicKey: asked });
  return {
    id,
    rawId: textOf(rawId),
    type,
    clientExtensionResults: {},
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      attestationObject: textOf(response.attestationObject),
      transports: response.getTransports ? response.getTransports() : [],
    },
  };
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
  const problem = form.querySelector('[hidden].bad');
  form.querySelector('button').addEventListener('click', async () => {
    problem.hidden = true;
    try {
      const options = JSON.parse(form.dataset.options);
      const answer = await (form.dataset.passkey === 'get' ? get(options) : create(options));
      form.elements.answer.value = JSON.stringify(answer);
      form.submit();
    } catch (error) {
      problem.textContent = 'The browser gave no passkey: ' + error.message;
      problem.hidden = false;
    }
  });
}
`.trimStart();
