// Lists of what a task has: its steps, what was recorded, what was noted.

import { html } from "../vendor/preact.js";
import { get, path, post } from "../core/api.js";
import { duration, tail } from "../core/format.js";
import { useResource } from "../core/resource.js";
import { shownState, word } from "../core/states.js";
import { Actions } from "./actions.js";
import { Empty, Loaded, State, When } from "./basics.js";
import { Table } from "./table.js";
import { Brief, Value } from "./value.js";

export function Steps({ task, select }) {
  const columns = [
    { name: "State", cell: (step) => html`<${State} value=${shownState(step, task)} />` },
    { name: "Step", head: true, wide: true, cell: (step) => html`<button type="button" class="link" onClick=${() => select(step.name)}>${step.name}</button>` },
    { name: "Waits for", cell: (step) => step.depends_on.join(", ") || html`<span class="muted">nothing</span>` },
    { name: "Attempts", numeric: true, cell: (step) => `${step.attempts} of ${Math.max(step.retryable ? step.retry_limit : 1, step.attempts)}` },
    { name: "Waited", numeric: true, cell: (step) => duration(step.queued_seconds) },
    { name: "Ran", numeric: true, cell: (step) => duration(step.run_seconds) },
    { name: "Error", wide: true, cell: (step) => (step.error && step.status === "error" ? html`<span class="error-text">${tail(step.error.error_class)}: ${step.error.message}</span>` : "") },
  ];
  return html`<${Table} label="Steps" columns=${columns} rows=${task.workflow_steps} keyOf=${(step) => step.name} empty=${html`<${Empty} title="It has no steps" />`} />`;
}

/** What was recorded, newest first. */
export function History({ task }) {
  const found = useResource(`${task.task_id} ${JSON.stringify(task.progress)}`, (signal) => get(`tasks/${path(task.task_id)}/events`, {}, signal), { every: 5_000 });
  const columns = [
    { name: "When", cell: (event) => html`<${When} at=${event.at} />` },
    { name: "What", head: true, cell: (event) => event.step || html`<em>the task</em>` },
    { name: "Became", cell: (event) => html`<${State} value=${event.to_status} />` },
    { name: "From", cell: (event) => (event.from_status ? word(event.from_status) : html`<span class="muted">new</span>`) },
    { name: "Attempt", numeric: true, cell: (event) => event.attempt ?? "–" },
    { name: "Detail", wide: true, cell: (event) => (Object.keys(event.detail).length ? html`<${Brief} value=${event.detail} />` : "") },
  ];
  return html`<${Loaded} from=${found} rows=${6}>${(data) => html`<${Table} label="What was recorded" columns=${columns}
    rows=${data.events.slice().reverse()} keyOf=${null} empty=${html`<${Empty} title="Nothing was recorded" />`} />`}</${Loaded}>`;
}

const NOTE = {
  name: "annotate", text: "Add a note", title: "Note something on this task",
  ask: {
    title: "Note something on this task", action: "Add the note",
    fields: [{ name: "type", label: "Type", value: "note", hint: "Made on first use." }, { name: "text", label: "Text" }],
  },
};

export function Annotations({ task, allowed, onDone }) {
  const notes = task.task_annotations || [];
  const columns = [
    { name: "When", cell: (note) => html`<${When} at=${note.at} />` },
    { name: "Type", head: true, cell: (note) => html`<span class="tag">${note.type}</span>` },
    { name: "Note", wide: true, cell: (note) => html`<${Value} value=${note.annotation} />` },
  ];
  const add = async (_, { type = "note", text = "" }) => {
    await post(`tasks/${path(task.task_id)}/annotations`, { type, annotation: { text } });
    await onDone();
  };
  return html`<${Table} label="Notes" columns=${columns} rows=${notes} keyOf=${null} empty=${html`<${Empty} title="Nobody has noted anything" />`} />
    ${allowed("tasker.task:annotate") && html`<div class="padded"><${Actions} actions=${[NOTE]} label="Notes" run=${add} /></div>`}`;
}
