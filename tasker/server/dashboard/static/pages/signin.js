// Signing in with an API token.

import { html, useState } from "../vendor/preact.js";
import { get } from "../core/api.js";
import { session, signIn } from "../core/session.js";

export function SignIn({ onSignedIn }) {
  const [token, setToken] = useState("");
  const [error, setError] = useState(session.token ? "You are signed in no longer: the token has expired, or was revoked." : null);
  const submit = async (event) => {
    event.preventDefault();
    if (!/^[!-~]+$/.test(token.trim())) return setError("Paste a token: letters, digits and signs without spaces.");
    signIn(token.trim());
    try {
      await get("me");
      await onSignedIn();
    } catch (failed) {
      setError(failed.status === 401 ? `Nobody is known by this token: ${failed.message}.` : failed.message);
    }
  };
  return html`<main class="signin">
    <form onSubmit=${submit} novalidate>
      <h1>Tasker</h1>
      <p class="muted">Sign in with a token: one that <code>tasker tokens create</code> printed, or that your provider gave you.</p>
      <div class="field">
        <label for="token">Token</label>
        <input id="token" type="password" autocomplete="off" spellcheck=${false} autofocus value=${token} onInput=${(event) => setToken(event.target.value)}
          aria-describedby="token-hint" aria-invalid=${error ? "true" : undefined} />
        <p class="hint" id="token-hint">It is kept in this tab until you close it.</p>
      </div>
      ${error && html`<p class="form-error" role="alert">${error}</p>`}
      <button type="submit" class="primary">Sign in</button>
    </form>
  </main>`;
}
