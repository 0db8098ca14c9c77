// What can be done to a task: what its state allows, and whoever looks at it may do.

import { html, useState } from "../vendor/preact.js";
import { path, post } from "../core/api.js";
import { Dialog } from "./dialog.js";

const REASON = { name: "reason", label: "Why", hint: "For the record; may be left empty." };

const ACTIONS = [
  { name: "retry", text: "Retry", primary: true, when: ["error"], title: "Try the failed steps again" },
  { name: "resume", text: "Resume", primary: true, when: ["paused"], title: "Go on" },
  { name: "pause", text: "Pause", when: ["pending", "in_progress"], title: "Start no more steps; those that run finish" },
  {
    name: "resolve", text: "Resolve", when: ["error"], title: "Take the task as done",
    ask: { title: "Take the task as done?", text: "It counts as resolved by hand. What has not run will not run.", action: "Resolve the task", danger: true },
  },
  {
    name: "cancel", text: "Cancel", danger: true, when: ["pending", "in_progress", "paused"], title: "End the task",
    ask: { title: "Cancel the task?", text: "Running steps are cancelled, the others do not start. This cannot be taken back.", action: "Cancel the task", danger: true },
  },
];

export function TaskActions({ task, allowed, onDone }) {
  const shown = ACTIONS.filter((each) => each.when.includes(task.status) && allowed(`tasker.task:${each.name}`));
  return html`<${Actions} actions=${shown} label="Operations on the task" run=${async (action, values) => {
    await post(`tasks/${path(task.task_id)}/${action.name}`, values);
    await onDone();
  }} />`;
}

/**
 * Buttons. An action with `ask` is confirmed in a dialog first, with `ask.fields` or the reason.
 * `run(action, values)` may reject, and what it says is shown.
 */
export function Actions({ actions, label, run }) {
  const [asking, setAsking] = useState(null);
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(null);
  const start = async (action) => {
    setError(null);
    if (action.ask) return setAsking(action);
    setBusy(action.name);
    try {
      await run(action, {});
    } catch (failed) {
      setError(failed.message);
    } finally {
      setBusy(null);
    }
  };
  if (actions.length === 0) return null;
  return html`<div class="actions" role="group" aria-label=${label}>
    ${actions.map((action) => html`<button key=${action.name} type="button" title=${action.title} disabled=${busy !== null}
      class=${action.primary ? "primary" : action.danger ? "danger" : ""} onClick=${() => start(action)}>${busy === action.name ? "…" : action.text}</button>`)}
    ${error && html`<p class="form-error" role="alert">${error}</p>`}
    ${asking && html`<${Dialog} ...${asking.ask} fields=${asking.ask.fields || [REASON]} onDone=${(values) => run(asking, values)} onClose=${() => setAsking(null)} />`}
  </div>`;
}

export { REASON };
