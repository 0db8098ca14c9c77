// One step of a task: how it stands, what it gave or why it failed, what can be done.

import { html, useEffect, useRef } from "../vendor/preact.js";
import { patch, path, post } from "../core/api.js";
import { duration, tail } from "../core/format.js";
import { atRest } from "../core/states.js";
import { Copied, Facts, Panel, State, When } from "./basics.js";
import { Actions, REASON } from "./actions.js";
import { Value } from "./value.js";

/** Return what can be done to a step. */
function actionsOf(step, task, allowed) {
  const failed = step.status === "error";
  const waits = failed || step.status === "pending";
  const ended = atRest(task.status);
  // A task in error goes on with a step that is tried again, or taken as done.
  const may = (name) => (!ended || task.status === "error") && allowed(`tasker.workflow_step:${name}`);
  return [
    failed && may("retry") && { name: "retry", text: "Retry now", primary: true, title: "Try the step again at once" },
    waits && may("resolve") && {
      name: "resolve", text: "Resolve", title: "Take the step as done",
      ask: {
        title: `Take ${step.name} as done?`, text: "Steps that wait for it go on with the results that you give.", action: "Resolve the step", danger: true,
        fields: [{ name: "results", label: "Results", kind: "json", hint: "JSON; empty for what it has." }, REASON],
      },
    },
    waits && may("update") && {
      name: "update", text: "Change", title: "Change the limit of attempts, or the inputs",
      ask: {
        title: `Change ${step.name}`, text: "For its next attempt.", action: "Change the step",
        fields: [
          { name: "retry_limit", label: "Attempts, at most", kind: "number", value: String(step.retry_limit) },
          { name: "inputs", label: "Inputs", kind: "json", hint: "JSON; empty to leave them as they are." },
        ],
      },
    },
    !ended && (waits || step.status === "in_progress") && may("cancel") && {
      name: "cancel", text: "Cancel", danger: true, title: "End the step",
      ask: { title: `Cancel ${step.name}?`, text: "What depends on it cannot run, and the task ends in error.", action: "Cancel the step", danger: true },
    },
  ].filter(Boolean);
}

/** The step. `reveal` has it scrolled into view, as for one that was just chosen. */
export function StepPanel({ task, step, state, allowed, reveal, onDone, onClose }) {
  const head = useRef(null);
  useEffect(() => {
    if (reveal) head.current.scrollIntoView({ block: "nearest" });
  }, []);
  const where = `tasks/${path(task.task_id)}/workflow_steps/${path(step.name)}`;
  const run = async (action, values) => {
    if (action.name === "update") await patch(where, values);
    else await post(`${where}/${action.name}`, values);
    await onDone();
  };
  const limit = step.retryable ? step.retry_limit : 1;
  return html`<${Panel} title=${step.name} id="step" className="step" tools=${html`<button type="button" class="plain" aria-label="Close the step" onClick=${onClose}>✕</button>`}>
    <p class="step-state" ref=${head}><${State} value=${state} />${state === "retrying" && html`<span>next attempt <${When} at=${step.retry_at} /></span>`}</p>
    <${Actions} actions=${actionsOf(step, task, allowed)} label=${`Operations on ${step.name}`} run=${run} />
    ${step.error && state !== "complete" && html`<${Fault} error=${step.error} />`}
    ${step.description && html`<p>${step.description}</p>`}
    <${Facts} items=${[
      ["Attempts", `${step.attempts} of ${Math.max(limit, step.attempts)}`],
      ["Waited", duration(step.queued_seconds)],
      ["Ran", duration(step.run_seconds)],
      ["Started", html`<${When} at=${step.started_at} />`],
      ["Ended", html`<${When} at=${step.ended_at} />`],
      ["Waits for", step.depends_on.length ? step.depends_on.join(", ") : "nothing"],
      ["Dependent system", step.dependent_system],
      ["Handler", html`<code class="breaks">${step.handler}</code>`],
    ]} />
    <h3>Results</h3><div class="value"><${Value} value=${step.results} /></div>
    <h3>Inputs</h3><div class="value"><${Value} value=${step.inputs} depth=${1} /></div>
  </${Panel}>`;
}

function Fault({ error }) {
  const facts = Object.keys(error.context).length > 0;
  return html`<div class="fault">
    <p class="fault-head"><strong title=${error.error_class}>${tail(error.error_class)}</strong>
      ${error.error_code && html`<code>${error.error_code}</code>`}
      <span class="muted">${error.permanent ? "no retry can help" : "may be tried again"}</span></p>
    <p class="fault-text">${error.message || "It said nothing more."}</p>
    ${facts && html`<div class="value"><${Value} value=${error.context} depth=${1} /></div>`}
    ${error.backtrace.length > 0 && html`<details><summary>Where it came from</summary><pre>${error.backtrace.join("\n")}</pre>
      <${Copied} text=${error.backtrace.join("\n")} label="the backtrace" shown=${`${error.backtrace.length} lines`} /></details>`}
  </div>`;
}
