import { userLimits, type StoredUser } from '../../../workflows/messages';
import { type Html, html } from '../browser/html';
import type { LocalContext } from './context';
import { registrationForm } from './enrolment';
import { paths } from './progress';
import type { Proven } from './proven';

/** What users see of their second factors and password. Before the first required factor, only how to add one. */
export async function accountBody(context: LocalContext, found: Proven, token: Html, newPassword: Html): Promise<Html> {
  const registration = await registrationForm(context, found, token);
  const add = html`${found.user.passkeys.length < userLimits.passkeys && registration}
    <form method="post" action="${paths.account}/app">
      ${token}
      <button class="button">${found.user.totp ? 'Replace the authenticator app' : 'Add an authenticator app'}</button>
    </form>`;
  if (found.progress.stage === 'enrol')
    return html`<p>Your installation asks for it. Add one to go on.</p>
      ${add}`;
  return html`${factorsOf(found.user, token)} ${add}
    <form method="post" action="${paths.account}/recovery-codes">
      ${token}
      <p class="dim">${found.user.recovery.length} recovery codes are left.</p>
      <button class="button">Make new recovery codes</button>
    </form>
    <form method="post" action="${paths.account}/password">
      ${token} ${newPassword}
      <button class="button">Change the password, and end all sessions</button>
    </form>
    <a class="button" href="/login">Done</a>`;
}

function factorsOf({ totp, passkeys }: StoredUser, token: Html): Html {
  const factors = [
    ...(totp ? [{ id: 'app', label: 'Authenticator app' }] : []),
    ...passkeys.map(({ id, label }) => ({ id, label: `Passkey: ${label}` })),
  ];
  if (factors.length === 0) return html`<p>You have no second factor.</p>`;
  return html`${factors.map(
    ({ id, label }) =>
      html`<form method="post" action="${paths.account}/removal">
        ${token}
        <input type="hidden" name="factor" value="${id}" />
        <p>${label}</p>
        <button class="button">Remove</button>
      </form>`,
  )}`;
}
