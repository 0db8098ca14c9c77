// Who is signed in. The token is kept for this tab alone and goes with each request in a
// header: no cookie, so no other site's page can have a browser send it.

const KEY = "tasker.token";
const listeners = new Set();

export const session = { token: sessionStorage.getItem(KEY), me: null, needed: false };

export function onSession(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function changed() {
  for (const listener of listeners) listener();
}

export function signIn(token) {
  session.token = token;
  sessionStorage.setItem(KEY, token);
}

export function signOut() {
  session.token = null;
  session.me = null;
  session.needed = true;
  sessionStorage.removeItem(KEY);
  changed();
}

/** The server knows nobody by what was sent: have the page ask. */
export function demandSignIn() {
  if (session.needed) return;
  session.needed = true;
  session.me = null;
  changed();
}

export function setMe(me) {
  session.me = me;
  session.needed = false;
  changed();
}

/** Who asks and what they may do is not theirs to know: so nothing is offered. */
export const UNKNOWN = { user_id: null, roles: [], permissions: [] };

/** Whether whoever is signed in has a permission, `resource:action`. */
export function may(permission, me = session.me) {
  return me !== null && me.permissions.includes(permission);
}
