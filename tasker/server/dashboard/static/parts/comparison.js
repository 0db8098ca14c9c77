// What changed between two versions of a definition, step by step.

import { html } from "../vendor/preact.js";
import { Empty } from "./basics.js";
import { Table } from "./table.js";
import { asText, Value } from "./value.js";

const FIELDS = {
  description: "what it does", handler_class: "handler", depends_on: "waits for", dependent_system: "dependent system",
  default_retryable: "may be retried", default_retry_limit: "attempts", skippable: "may be skipped", timeout_seconds: "timeout",
  configuration: "configuration", custom_events: "events",
};
const OF_ALL = { description: "what it does", priority: "priority", schema: "schema of the context" };

/** Return JSON in which the order of names does not count. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value ?? null);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
}

function differing(before, after, names) {
  return Object.entries(names)
    .filter(([name]) => canonical(before[name]) !== canonical(after[name]))
    .map(([name, words]) => ({ field: words, before: before[name], after: after[name] }));
}

/** Return `{ what, kind, fields }` for each thing that is not the same: added, removed, changed. */
export function changesBetween(before, after) {
  const old = new Map(before.step_templates.map((step) => [step.name, step]));
  const now = new Map(after.step_templates.map((step) => [step.name, step]));
  const whole = differing(before, after, OF_ALL);
  return [
    ...(whole.length ? [{ what: "", kind: "changed", fields: whole }] : []),
    ...[...now.keys()].filter((name) => !old.has(name)).map((what) => ({ what, kind: "added", fields: [] })),
    ...[...old.keys()].filter((name) => !now.has(name)).map((what) => ({ what, kind: "removed", fields: [] })),
    ...[...now.keys()]
      .filter((name) => old.has(name))
      .map((what) => ({ what, kind: "changed", fields: differing(old.get(what), now.get(what), FIELDS) }))
      .filter((change) => change.fields.length > 0),
  ];
}

/** Return the looks of the steps of one of the two graphs. */
export function marksOf(changes, own) {
  return Object.fromEntries(changes.filter((each) => each.what && (each.kind === own || each.kind === "changed")).map((each) => [each.what, each.kind]));
}

const SIGNS = { added: "+", removed: "−", changed: "~" };

export function Comparison({ from, to, changes }) {
  const columns = [
    { name: "Change", cell: (row) => html`<span class="change ${row.kind}"><span aria-hidden="true">${SIGNS[row.kind]}</span> ${row.kind}</span>` },
    { name: "Step", head: true, cell: (row) => row.what || html`<em>the definition</em>` },
    { name: "Field", cell: (row) => row.field || html`<span class="muted">the whole step</span>` },
    { name: `In ${from.version}`, wide: true, cell: (row) => (row.field ? html`<${Value} value=${asText(row.before)} depth=${1} />` : "") },
    { name: `In ${to.version}`, wide: true, cell: (row) => (row.field ? html`<${Value} value=${asText(row.after)} depth=${1} />` : "") },
  ];
  const rows = changes.flatMap((each) => (each.fields.length ? each.fields.map((field) => ({ ...each, ...field })) : [each]));
  return html`<${Table} label="What changed" columns=${columns} rows=${rows} keyOf=${null} empty=${html`<${Empty} sign="=" title="Both versions are the same" />`} />`;
}
