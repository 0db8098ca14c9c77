// Keeping a page of many tasks up to date: by events where they may be read, else by asking.

import { html } from "../vendor/preact.js";
import { useStream } from "../core/live.js";
import { may } from "../core/session.js";

const EVERY_MS = 3_000;
const SELDOM_MS = 15_000;

/** Call `heard(name, event)` for each event of tasks. Returns how the page is kept up to date. */
export function useTaskEvents(heard, names = ["task.*"]) {
  const state = useStream(may("tasker.event:index") ? "events/stream" : null, { name: names }, heard);
  return may("tasker.event:index") ? state : "refused";
}

/** How often to ask beside the events, in milliseconds. */
export const everyOf = (state) => (state === "live" ? SELDOM_MS : EVERY_MS);

const WORDS = {
  live: ["live", "Shown as it happens"],
  lost: ["connecting", "The stream of events is being opened"],
  refused: ["polling", "Events cannot be read here; asked for every few seconds"],
  ended: ["at rest", "Nothing more happens"],
};

export function Live({ state }) {
  const [text, title] = WORDS[state];
  return html`<span class="live is-${state}" title=${title}><span class="dot" aria-hidden="true"></span>${text}</span>`;
}
