// Values of JSON, readable: strings are text, whatever stands in them.

import { html, useState } from "../vendor/preact.js";
import { counted } from "../core/format.js";

const LONGEST = 400;
const MOST = 50;

/** A value of JSON, folded below a depth. */
export function Value({ value, depth = 0 }) {
  if (value === null || value === undefined) return html`<span class="json-null">null</span>`;
  if (typeof value === "boolean") return html`<span class="json-bool">${String(value)}</span>`;
  if (typeof value === "number") return html`<span class="json-number">${String(value)}</span>`;
  if (typeof value === "string") return html`<${Text} text=${value} />`;
  const isList = Array.isArray(value);
  const entries = isList ? value.map((each, at) => [at, each]) : Object.entries(value);
  const [open, close] = isList ? "[]" : "{}";
  if (entries.length === 0) return html`<span class="json-null">${open}${close}</span>`;
  return html`<${Nested} entries=${entries} isList=${isList} depth=${depth} />`;
}

/** An object in few words, each name with its value; what is nested can be unfolded. */
export function Brief({ value }) {
  return html`<span class="brief">${Object.entries(value).map(
    ([name, each]) => html`<span key=${name}><span class="json-name">${name}</span> <${Value} value=${asText(each)} depth=${2} /></span>`,
  )}</span>`;
}

/** A list of names as text; all else as it is. */
export function asText(value) {
  const names = Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string");
  return names ? value.join(", ") : value;
}

function Nested({ entries, isList, depth }) {
  const [most, setMost] = useState(MOST);
  const what = isList ? counted(entries.length, "item") : counted(entries.length, "field");
  const shown = entries.slice(0, most);
  return html`<details class="json" open=${depth < 2}>
    <summary>${isList ? "list" : "object"} <span class="muted">${what}</span></summary>
    <ul>
      ${shown.map(
        ([name, each]) => html`<li key=${name}><span class="json-name">${name}</span> <${Value} value=${each} depth=${depth + 1} /></li>`,
      )}
    </ul>
    ${entries.length > most && html`<button type="button" class="small" onClick=${() => setMost(most * 4)}>${entries.length - most} more</button>`}
  </details>`;
}

function Text({ text }) {
  const [whole, setWhole] = useState(false);
  if (text === "") return html`<span class="json-null">empty text</span>`;
  if (text.length <= LONGEST || whole) return html`<span class="json-text">${text}</span>`;
  return html`<span class="json-text">${text.slice(0, LONGEST)}…</span>
    <button type="button" class="small" onClick=${() => setWhole(true)}>all ${text.length} characters</button>`;
}
