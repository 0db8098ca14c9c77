// How it goes: what was done lately, what waits, what weighs on the engine.

import { html } from "../vendor/preact.js";
import { get } from "../core/api.js";
import { count, duration, number, percent } from "../core/format.js";
import { useResource, useTick } from "../core/resource.js";
import { go, to } from "../core/router.js";
import { may } from "../core/session.js";
import { sign, TASK_STATES, word } from "../core/states.js";
import { Choice, Empty, Loaded, Meter, PageHead, Panel } from "../parts/basics.js";
import { ActivityChart } from "../parts/chart.js";
import { Live, useTaskEvents } from "../parts/live.js";
import { TaskTable } from "../parts/tasktable.js";

const PERIODS = [["1", "1 h"], ["4", "4 h"], ["24", "24 h"]];
const TONES = { low: "good", moderate: "warn", high: "bad", critical: "bad" };
const PARTS = { journal: "Journal queue", loop: "Event loop", store: "Store commits" };

export function Overview({ query }) {
  const period = PERIODS.some(([key]) => key === query.get("period")) ? query.get("period") : "1";
  const seen = { analytics: may("tasker.analytics:index"), status: may("tasker.health_status:index"), tasks: may("tasker.task:index") };
  const every = { every: 15_000 };
  const performance = useResource(seen.analytics ? "performance" : null, (signal) => get("analytics/performance", {}, signal), every);
  const activity = useResource(seen.analytics ? `activity ${period}` : null, (signal) => get("analytics/activity", { period, slices: 60 }, signal), every);
  const status = useResource(seen.status ? "status" : null, (signal) => get("health/status", {}, signal), { every: 2_500 });
  const latest = useResource(seen.tasks ? "latest" : null, (signal) => get("tasks", { per_page: 8 }, signal), every);
  const failed = useResource(seen.tasks ? "failed" : null, (signal) => get("tasks", { status: "error", per_page: 5 }, signal), every);
  const state = useTaskEvents(() => [performance, activity, status, latest, failed].forEach((each) => each.reload()));
  useTick(5_000);
  return html`
    <${PageHead} title="Overview">
      <${Live} state=${state} />
      <${Choice} label="Period" options=${PERIODS} value=${period} onChange=${(key) => go(to("overview", { period: key }), { replace: true })} />
    </${PageHead}>
    ${status.data && !status.data.healthy && html`<p class="banner bad" role="alert"><strong>The engine cannot work.</strong> ${status.data.trouble}</p>`}
    ${seen.analytics && html`<${Tiles} performance=${performance.data && performance.data.performance} status=${status.data} hours=${Number(period)} />`}
    <div class="columns">
      <div class="column wide">
        ${seen.analytics && html`<${Panel} title="What became of tasks" id="activity"><${Loaded} from=${activity} rows=${5}>${(data) => html`<${Chart} activity=${data.activity} />`}</${Loaded}></${Panel}>`}
        ${seen.tasks && html`<${Panel} title="Latest tasks" id="latest" flush tools=${html`<a href=${to("tasks")}>All tasks</a>`}>
          <${Loaded} from=${latest} rows=${8}>${(data) => html`<${TaskTable} label="Latest tasks" tasks=${data.tasks} empty=${html`<${NoTasks} />`} />`}</${Loaded}></${Panel}>`}
      </div>
      <div class="column">
        ${seen.status && html`<${Panel} title="Tasks in the store" id="states" flush><${Loaded} from=${status}>${(data) => html`<${States} tasks=${data.tasks} />`}</${Loaded}></${Panel}>
        <${Panel} title="Pressure" id="pressure" tools=${status.data && html`<span class="level ${TONES[status.data.pressure]}">${status.data.pressure}</span>`}>
          <${Loaded} from=${status}>${(data) => html`<${Engine} status=${data} />`}</${Loaded}></${Panel}>`}
        ${seen.tasks && html`<${Panel} title="Latest failures" id="failures" flush tools=${html`<a href=${to("tasks", { status: "error" })}>All failures</a>`}>
          <${Loaded} from=${failed}>${(data) => html`<${TaskTable} label="Latest failures" brief tasks=${data.tasks} empty=${html`<${Empty} sign="✔" title="Nothing has failed" />`} />`}</${Loaded}></${Panel}>`}
      </div>
    </div>
    ${!seen.analytics && !seen.status && !seen.tasks && html`<${Empty} sign="⊘" title="You may see none of what is shown here">Ask whoever runs this server for a role that may.</${Empty}>`}`;
}

function Tiles({ performance, status, hours }) {
  const window = performance && performance.windows.find((each) => each.hours === hours);
  const failing = window && window.error_rate > 0;
  return html`<ul class="tiles" aria-label="Figures of the period">
    <${Tile} name="Active now" value=${performance && count(performance.active_tasks)} note=${status && `${count(status.figures.permits.in_use)} steps running`} />
    <${Tile} name="Throughput" value=${window && number(window.task_throughput_per_hour)} unit="tasks/h" note=${window && `${number(window.step_throughput_per_hour)} steps/h`} />
    <${Tile} name="Created" value=${window && count(window.created)} note=${`in ${hours} h`} />
    <${Tile} name="Completed" value=${window && percent(window.completion_rate)} note="of those at rest" />
    <${Tile} name="Failed" value=${window && percent(window.error_rate)} tone=${failing ? "bad" : ""} note="of those at rest" />
    <${Tile} name="Mean task" value=${window && duration(window.mean_task_seconds)} note=${window && `step ${duration(window.mean_step_seconds)}`} />
  </ul>`;
}

function Tile({ name, value, unit, note, tone = "" }) {
  return html`<li class="tile ${tone}"><span class="tile-name">${name}</span>
    <span class="tile-value">${value ?? "–"}${unit && html` <span class="unit">${unit}</span>`}</span>
    <span class="tile-note">${note || "\u00a0"}</span></li>`;
}

function Chart({ activity }) {
  const any = activity.slices.some((each) => each.created || each.completed || each.failed || each.cancelled);
  return any ? html`<${ActivityChart} activity=${activity} />` : html`<${Empty} title="No tasks in this period" />`;
}

function States({ tasks }) {
  const most = Math.max(1, ...Object.values(tasks));
  return html`<ul class="state-list">${TASK_STATES.map((state) => html`<li key=${state}>
    <a href=${to("tasks", { status: state })}>
      <span class="state plain ${state}"><span class="sign" aria-hidden="true">${sign(state)}</span><span>${word(state)}</span></span>
      <svg class="share" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="bar ${state}" width=${(tasks[state] / most) * 100} height="6"></rect></svg>
      <span class="num">${count(tasks[state])}</span>
    </a></li>`)}</ul>`;
}

function Engine({ status }) {
  const { figures, waiting, retries } = status;
  return html`<ul class="loads">${Object.entries(status.loads).map(([part, load]) => html`<li key=${part}>
      <span>${PARTS[part] || part}</span><${Meter} share=${load} tone=${load > 0.7 ? "bad" : load > 0.5 ? "warn" : "good"} label=${`${PARTS[part] || part}: ${percent(load)}`} /><span class="num">${percent(load)}</span></li>`)}</ul>
    <dl class="pairs">
      <div><dt>Steps running</dt><dd class="num">${count(figures.permits.in_use)} of ${count(figures.concurrency.limit)}</dd></div>
      <div><dt>Steps waiting to start</dt><dd class="num">${count(figures.permits.waiting)}</dd></div>
      <div><dt>Tasks waiting in the store</dt><dd class="num">${count(waiting.ready)}</dd></div>
      <div><dt>Oldest of them</dt><dd class="num">${duration(waiting.oldest_seconds)}</dd></div>
      <div><dt>Steps in backoff</dt><dd class="num">${count(retries.in_backoff)}</dd></div>
      <div><dt>Steps without attempts left</dt><dd class="num">${count(retries.exhausted)}</dd></div>
      <div><dt>Event loop late by</dt><dd class="num">${duration(figures.loop_lag_seconds)}</dd></div>
    </dl>`;
}

function NoTasks() {
  return html`<${Empty} title="No tasks yet">Submit one with <code>tasker submit</code>, or <code>POST /tasks</code>; it appears here as it begins.</${Empty}>`;
}

