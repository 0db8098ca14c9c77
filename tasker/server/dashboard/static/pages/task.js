// One task: its graph and timeline, what each step gave, what went wrong, what can be done.

import { html, useRef, useState } from "../vendor/preact.js";
import { get, path } from "../core/api.js";
import { useStream } from "../core/live.js";
import { useResource, useTick } from "../core/resource.js";
import { go, to } from "../core/router.js";
import { may, UNKNOWN } from "../core/session.js";
import { atRest, shownState } from "../core/states.js";
import { count, counted, percent } from "../core/format.js";
import { Choice, Copied, Facts, Failure, Loading, PageHead, Panel, State, When } from "../parts/basics.js";
import { GraphView } from "../parts/graph.js";
import { everyOf, Live } from "../parts/live.js";
import { Tags, took } from "../parts/tasktable.js";
import { TimelineView } from "../parts/timeline.js";
import { TaskActions } from "../parts/actions.js";
import { StepPanel } from "../parts/step.js";
import { Value } from "../parts/value.js";
import { Annotations, History, Steps } from "../parts/taskdetails.js";

const TABS = [["steps", "Steps"], ["context", "Context"], ["history", "History"], ["notes", "Notes"], ["about", "About"]];

/** Return what a page of a task shows, read at the same time. */
async function load(id, signal) {
  const [task, diagram, access] = await Promise.all([
    get(`tasks/${path(id)}`, {}, signal),
    get(`tasks/${path(id)}/diagram`, {}, signal),
    get("me", { task_id: id }, signal).catch((error) => {
      if (error.status === 403) return UNKNOWN;
      throw error;
    }),
  ]);
  return { task, diagram, me: access };
}

export function Task({ taskId, query }) {
  const [following, setFollowing] = useState(true);
  const found = useResource(taskId, (signal) => load(taskId, signal), { every: following ? 10_000 : 4_000 });
  const data = found.data;
  const resting = data !== null && atRest(data.task.status);
  if (data !== null && following === resting) setFollowing(!resting);
  const stream = useStream(data !== null && following && !resting ? `tasks/${path(taskId)}/events/stream` : null, {}, () => found.reload());
  const chosen = useRef(null);
  useTick(1_000);

  if (data === null && found.error) return html`<${Missing} id=${taskId} error=${found.error} retry=${found.reloadNow} />`;
  if (data === null) return html`<${Loading} rows=${8} />`;
  const { task, diagram, me } = data;
  const selected = task.workflow_steps.some((step) => step.name === query.get("step")) ? query.get("step") : null;
  const tab = TABS.some(([key]) => key === query.get("tab")) ? query.get("tab") : "steps";
  const show = (more) => go(to("tasks", taskId, { step: selected, tab: tab === "steps" ? "" : tab, ...more }), { replace: true });
  const select = (step) => {
    chosen.current = step;
    show({ step: step === selected ? "" : step });
  };
  const step = task.workflow_steps.find((each) => each.name === selected);
  const allowed = (permission) => may(permission, me);
  return html`
    <nav class="crumbs" aria-label="Where this is"><a href=${to("tasks")}>Tasks</a> <span aria-hidden="true">/</span>
      <a href=${to("definitions", task.namespace, task.name, { version: task.version })}>${task.namespace}.${task.name}@${task.version}</a></nav>
    <${PageHead} title=${html`<span class="task-title"><${State} value=${task.status} /> <span>${task.name}</span></span>`}>
      <${Live} state=${resting ? "ended" : stream} />
      <${TaskActions} task=${task} allowed=${allowed} onDone=${found.reloadNow} />
    </${PageHead}>
    <${Summary} task=${task} />
    <${Errors} task=${task} selected=${selected} select=${select} />
    <${Panel} title="Graph" id="graph" flush><${GraphView} graph=${diagram.graph} selected=${selected} onSelect=${select} label="Graph of the steps" /></${Panel}>
    <div class="columns task-columns ${step ? "with-step" : ""}">
      <div class="column wide">
        <${Panel} title="Timeline" id="timeline" flush><${TimelineView} timeline=${diagram.timeline} steps=${diagram.graph.steps} selected=${selected} onSelect=${select} /></${Panel}>
        <${Panel} title="Details" id="details" flush tools=${html`<${Choice} label="Details" options=${TABS} value=${tab} onChange=${(key) => show({ tab: key === "steps" ? "" : key })} />`}>
          <${Details} tab=${tab} task=${task} select=${select} allowed=${allowed} onDone=${found.reloadNow} />
        </${Panel}>
      </div>
      ${step && html`<div class="column step-column"><${StepPanel} key=${step.name} task=${task} step=${step} state=${shownState(step, task)} allowed=${allowed} reveal=${chosen.current === step.name}
        onDone=${found.reloadNow} onClose=${() => select(selected)} /></div>`}
    </div>`;
}

function Details({ tab, task, select, allowed, onDone }) {
  if (tab === "context") return html`<div class="padded"><${Value} value=${task.context} /></div>`;
  if (tab === "history") return html`<${History} task=${task} />`;
  if (tab === "notes") return html`<${Annotations} task=${task} allowed=${allowed} onDone=${onDone} />`;
  if (tab === "about") return html`<div class="padded"><${About} task=${task} /></div>`;
  return html`<${Steps} task=${task} select=${select} />`;
}

function Summary({ task }) {
  const done = task.workflow_steps.filter((step) => step.status === "complete" || step.status === "resolved_manually").length;
  const all = task.workflow_steps.length;
  const look = task.status === "error" ? "error" : atRest(task.status) ? task.status : "in_progress";
  return html`<div class="summary">
    <${Facts} items=${[
      ["Task", html`<${Copied} text=${task.task_id} label="the id" />`, "double"],
      ["Created", html`<${When} at=${task.created_at} />`],
      ["Started", html`<${When} at=${task.started_at} />`],
      [task.ended_at ? "Ended" : "Goes on", html`<${When} at=${task.ended_at || task.wake_at} absent=${task.status === "paused" ? "when resumed" : "now"} />`],
      ["Took", took(task)],
      ["Steps done", html`${count(done)} of ${count(all)} <span class="muted">(${percent(all ? done / all : 1)})</span>`],
      ["Asked by", task.initiator],
      ["Tags", task.tags.length ? html`<${Tags} tags=${task.tags} />` : null],
    ]} />
    <svg class="progress" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label=${`${done} of ${counted(all, "step")} done`}>
      <rect class="track" width="100" height="4"></rect><rect class="bar ${look}" width=${all ? (done / all) * 100 : 100} height="4"></rect></svg>
  </div>`;
}

/** What stands in the way, before anything else is read. */
function Errors({ task, selected, select }) {
  const failed = task.workflow_steps.filter((step) => step.error && ["error", "retrying"].includes(shownState(step, task)));
  if (failed.length === 0) return null;
  return html`<ul class="errors" aria-label="Failed steps">${failed.map((step) => html`<li key=${step.name}>
    <button type="button" class="error-line" aria-pressed=${String(step.name === selected)} onClick=${() => select(step.name)}>
      <${State} value=${shownState(step, task)} compact /><strong>${step.name}</strong>
      <span class="error-text">${step.error.message || step.error.error_class}</span>
      ${shownState(step, task) === "retrying" && html`<span class="muted">next attempt <${When} at=${step.retry_at} /></span>`}
    </button></li>`)}</ul>`;
}

function About({ task }) {
  return html`<${Facts} items=${[
    ["Asked by", task.initiator],
    ["From", task.source_system],
    ["Reason", task.reason],
    ["Priority", count(task.priority)],
    ["Requested", html`<${When} at=${task.requested_at} />`],
    ["Correlation", task.correlation_id && html`<${Copied} text=${task.correlation_id} label="the correlation id" />`],
    ["Trace", task.traceparent && html`<${Copied} text=${task.traceparent} label="the trace" />`],
    ["Identity", task.identity && html`<${Copied} text=${task.identity} label="the identity" shown=${task.identity.slice(0, 16)} />`],
    ["Bypassed steps", task.bypass_steps.length ? task.bypass_steps.join(", ") : null],
  ]} />`;
}

function Missing({ id, error, retry }) {
  if (error.status !== 404) return html`<${Failure} error=${error} retry=${retry} />`;
  return html`<${PageHead} title="No such task" /><div class="empty"><span class="empty-sign" aria-hidden="true">?</span>
    <p class="empty-title">There is no task <code>${id}</code></p><p class="muted"><a href=${to("tasks")}>Find it among all tasks</a>.</p></div>`;
}
