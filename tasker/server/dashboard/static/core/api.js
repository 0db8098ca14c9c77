// The API: requests, problems, and whether the server can be reached.

import { demandSignIn, session } from "./session.js";

const ROOT = new URL("./", document.baseURI);
const TIMEOUT_MS = 30_000;
const listeners = new Set();

/** Whether the last request reached the server, and when one last did. */
export const reach = { up: true, at: Date.now() };

export function onReach(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function setReach(up) {
  if (up) reach.at = Date.now();
  if (reach.up === up) return;
  reach.up = up;
  for (const listener of listeners) listener(up);
}

/** What the server refused: an RFC 9457 problem. `status` 0 means that it was not reached. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `The server answered ${status}`);
    this.status = status;
    this.code = body.code || "";
    this.title = body.title || "";
    this.details = body.details || {};
  }
}

/** Return the URL of a path below the API's root, with a query of what is not empty. */
export function urlOf(path, query = {}) {
  const url = new URL(path.replace(/^\//, ""), ROOT);
  for (const [name, value] of Object.entries(query)) {
    for (const each of [value].flat()) {
      if (each !== undefined && each !== null && each !== "") url.searchParams.append(name, each);
    }
  }
  return url;
}

/** Join the parts of a path, each escaped. */
export function path(...parts) {
  return parts.map((part) => encodeURIComponent(part)).join("/");
}

export function headers(more = {}) {
  return session.token ? { Authorization: `Bearer ${session.token}`, ...more } : more;
}

export async function send(method, where, { query, body, signal } = {}) {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  let answer;
  try {
    answer = await fetch(urlOf(where, query), {
      method,
      headers: headers(body === undefined ? {} : { "Content-Type": "application/json" }),
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      credentials: "omit",
      cache: "no-store",
    });
  } catch (error) {
    if (signal && signal.aborted) throw error;
    setReach(false);
    throw new Problem(0, { detail: "The server cannot be reached." });
  }
  setReach(true);
  const text = await answer.text();
  let told = {};
  try {
    told = text ? JSON.parse(text) : {};
  } catch {
    told = { detail: `The server answered ${answer.status} with something else than JSON.` };
    if (answer.ok) throw new Problem(answer.status, told);
  }
  // A status of an engine in trouble comes with 503, and is what was asked for.
  if (answer.ok || (answer.status === 503 && where.startsWith("health/"))) return told;
  if (answer.status === 401) demandSignIn();
  throw new Problem(answer.status, told);
}

export const get = (where, query, signal) => send("GET", where, { query, signal });
export const post = (where, body = {}) => send("POST", where, { body });
export const patch = (where, body) => send("PATCH", where, { body });
