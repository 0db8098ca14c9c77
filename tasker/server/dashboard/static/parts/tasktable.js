// A list of tasks.

import { html } from "../vendor/preact.js";
import { count, duration, shortId } from "../core/format.js";
import { to } from "../core/router.js";
import { atRest } from "../core/states.js";
import { State, When } from "./basics.js";
import { Table } from "./table.js";

const COLUMNS = [
  { name: "State", cell: (task) => html`<${State} value=${task.status} />` },
  { name: "Task", head: true, wide: true, cell: (task) => html`<${TaskLink} task=${task} />` },
  { name: "Tags", cell: (task) => html`<${Tags} tags=${task.tags} />` },
  { name: "Created", numeric: true, cell: (task) => html`<${When} at=${task.created_at} />` },
  { name: "Took", numeric: true, cell: (task) => took(task) },
];
const PRIORITY = { name: "Priority", numeric: true, cell: (task) => html`<span class=${task.priority === 0 ? "muted" : ""}>${count(task.priority)}</span>` };

export function TaskTable({ label, tasks, empty, brief = false, whole = false }) {
  const columns = brief ? [COLUMNS[1], COLUMNS[3]] : whole ? [...COLUMNS.slice(0, 3), PRIORITY, ...COLUMNS.slice(3)] : COLUMNS.filter((column) => column.name !== "Tags");
  return html`<${Table} label=${label} columns=${columns} rows=${tasks} keyOf=${(task) => task.task_id} empty=${empty} />`;
}

function TaskLink({ task }) {
  return html`<a class="task-link" href=${to("tasks", task.task_id)}>
    <span class="task-name"><span class="muted">${task.namespace}.</span>${task.name}<span class="muted">@${task.version}</span></span>
    <code title=${task.task_id}>${shortId(task.task_id)}</code></a>`;
}

export function Tags({ tags }) {
  if (tags.length === 0) return null;
  return html`<span class="tags">${tags.map((tag) => html`<a key=${tag} class="tag" href=${to("tasks", { tag })}>${tag}</a>`)}</span>`;
}

/** How long a task took, or takes so far. */
export function took(task) {
  const began = Date.parse(task.started_at || task.created_at);
  if (task.ended_at) return duration((Date.parse(task.ended_at) - began) / 1000);
  return atRest(task.status) || !task.started_at ? "–" : html`<span class="muted">${duration((Date.now() - began) / 1000)} so far</span>`;
}
