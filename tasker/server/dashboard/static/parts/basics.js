// The small parts that all pages are made of.

import { html, useState } from "../vendor/preact.js";
import { exact, relative } from "../core/format.js";
import { isKnown, sign, word } from "../core/states.js";

/** A state: its colour, its sign, its word. */
export function State({ value, compact = false }) {
  const look = isKnown(value) ? value : "pending";
  return html`<span class="state ${look} ${compact ? "compact" : ""}">
    <span class="sign" aria-hidden="true">${sign(value)}</span><span>${word(value)}</span>
  </span>`;
}

/** An instant relative to now, exact on hover. */
export function When({ at, absent = "–" }) {
  if (!at) return html`<span class="muted">${absent}</span>`;
  const ms = typeof at === "number" ? at * 1000 : Date.parse(at);
  return html`<time datetime=${new Date(ms).toISOString()} title=${exact(ms)}>${relative(ms)}</time>`;
}

/** A block of a page with a heading; `tools` stand at the right of the heading. */
export function Panel({ title, tools, children, className = "", id, flush = false }) {
  return html`<section class="panel ${className}" aria-labelledby=${id}>
    <header class="panel-head"><h2 id=${id}>${title}</h2>${tools && html`<div class="tools">${tools}</div>`}</header>
    <div class=${flush ? "panel-body flush" : "panel-body"}>${children}</div>
  </section>`;
}

export function PageHead({ title, lead, children }) {
  return html`<header class="page-head">
    <div class="titles"><h1>${title}</h1>${lead && html`<p class="lead">${lead}</p>`}</div>
    ${children && html`<div class="tools">${children}</div>`}
  </header>`;
}

/** Nothing to show, and what to do about it. */
export function Empty({ sign = "○", title, children }) {
  return html`<div class="empty">
    <span class="empty-sign" aria-hidden="true">${sign}</span>
    <p class="empty-title">${title}</p>
    ${children && html`<p class="muted">${children}</p>`}
  </div>`;
}

const ERRORS = {
  0: "The server cannot be reached",
  403: "You may not see this",
  404: "There is no such thing",
};

/** Why something cannot be shown. */
export function Failure({ error, retry }) {
  return html`<div class="empty failed" role="alert">
    <span class="empty-sign" aria-hidden="true">${error.status === 403 ? "⊘" : "!"}</span>
    <p class="empty-title">${ERRORS[error.status] || "This could not be loaded"}</p>
    <p class="muted">${error.message}</p>
    ${retry && error.status !== 403 && html`<button type="button" onClick=${retry}>Try again</button>`}
  </div>`;
}

/** Rows that stand where something will be. */
export function Loading({ rows = 4 }) {
  return html`<div class="loading" role="status"><span class="hidden">Loading</span>
    ${Array.from({ length: rows }, (_, at) => html`<div class="bone" key=${at}></div>`)}
  </div>`;
}

/** What a resource has: its data by way of `children`, or why there is none. */
export function Loaded({ from, rows, children }) {
  if (from.data !== null) return children(from.data);
  if (from.error) return html`<${Failure} error=${from.error} retry=${from.reloadNow} />`;
  return html`<${Loading} rows=${rows} />`;
}

/** Names and values, side by side. `items` are pairs; those with a value of null are left out. */
export function Facts({ items }) {
  return html`<dl class="facts">
    ${items
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value, look]) => html`<div key=${name} class=${look || ""}><dt>${name}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

/** Text that can be copied. */
export function Copied({ text, label, shown = text }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    } catch {
      setDone(false);
    }
  };
  return html`<span class="copied"><code title=${text}>${shown}</code>
    <button type="button" class="plain small" onClick=${copy} aria-label=${`Copy ${label}`} title=${`Copy ${label}`}>${done ? "✔" : html`<svg class="icon" viewBox="0 0 16 16" width="13" height="13" aria-hidden="true"><path d="M6 2.500h7.500V11H6zM10 11v2.500H2.500V5H6"></path></svg>`}</button>
  </span>`;
}

/** One choice of a few. */
export function Choice({ label, options, value, onChange }) {
  return html`<div class="choice" role="group" aria-label=${label}>
    ${options.map(
      ([key, text]) => html`<button key=${key} type="button" aria-pressed=${String(key === value)} onClick=${() => onChange(key)}>${text}</button>`,
    )}
  </div>`;
}

/** A share of a whole, drawn; `tone` is good, warn or bad. */
export function Meter({ share, tone = "good", label }) {
  const width = Math.max(0, Math.min(1, share || 0)) * 100;
  return html`<svg class="meter ${tone}" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label=${label}>
    <rect class="track" width="100" height="6"></rect><rect class="fill" width=${width} height="6"></rect>
  </svg>`;
}
