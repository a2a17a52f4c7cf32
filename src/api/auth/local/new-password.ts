import { longestPassword, passwordProblem, shortestPassword } from '../../../guard/access/passwords/policy';
import { ApiProblem } from '../../problems';
import { type Html, html } from '../browser/html';

/** For a new password; browsers and password managers know the user from it. */
export function newPasswordFields(name: string): Html {
  return html`<input type="hidden" name="user" value="${name}" autocomplete="username" />
    <label for="password">New password, at least ${shortestPassword} characters</label>
    <input
      id="password"
      name="password"
      type="password"
      autocomplete="new-password"
      required
      minlength="${shortestPassword}"
      maxlength="${2 * longestPassword}"
    />
    <label for="repeated">The same again</label>
    <input id="repeated" name="repeated" type="password" autocomplete="new-password" required />`;
}

/** @throws ApiProblem for a password that may not be used */
export async function requirePassword(name: string, password: string, repeated: string): Promise<void> {
  const problem = password === repeated ? await passwordProblem(password, name) : 'the two passwords are not the same';
  if (problem !== undefined) throw new ApiProblem('bad_input', problem, { advice: 'go back and choose another one' });
}
