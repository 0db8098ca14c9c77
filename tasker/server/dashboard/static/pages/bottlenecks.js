// What is slow, what fails, what others wait for.

import { html } from "../vendor/preact.js";
import { get } from "../core/api.js";
import { count, counted, duration, percent, shortId, tail } from "../core/format.js";
import { useResource } from "../core/resource.js";
import { go, to } from "../core/router.js";
import { Choice, Empty, Loaded, PageHead, Panel, When } from "../parts/basics.js";
import { Table } from "../parts/table.js";

const PERIODS = [["1", "1 h"], ["24", "1 d"], ["168", "7 d"], ["720", "30 d"]];

const full = (row) => html`<span class="muted">${row.namespace}.</span>${row.name}<span class="muted">@${row.version}</span>`;
const definition = { name: "Definition", cell: (row) => html`<a href=${to("definitions", row.namespace, row.name, { version: row.version })}>${full(row)}</a>` };
const step = { name: "Step", head: true, cell: (row) => html`<strong>${row.step}</strong>` };
const task = (id, chosen) => html`<a href=${to("tasks", id, { step: chosen })}><code title=${id}>${shortId(id)}</code></a>`;
const num = (name, cell) => ({ name, numeric: true, cell });

const TABLES = [
  ["What others waited for longest", "blocking span", (s) => s.blocking.blocking, "No step waited for another", [
    step, definition, num("Waits", (row) => count(row.waits)), num("Mean", (row) => duration(row.mean_seconds)),
    num("Longest", (row) => duration(row.max_seconds)), num("Total", (row) => duration(row.total_seconds)),
    { name: "Longest in", cell: (row) => task(row.longest_task_id, row.step) },
  ]],
  ["Steps by time spent", "by-step span", (s) => s.by_step, "No step has run", [
    step, definition, num("Runs", (row) => count(row.run.count)), num("Median", (row) => duration(row.run.p50_seconds)),
    num("95 %", (row) => duration(row.run.p95_seconds)), num("Longest", (row) => duration(row.run.max_seconds)),
    num("Retries", (row) => count(row.retries)), num("Failed attempts", (row) => count(row.failed_attempts)),
  ]],
  ["Errors", "errors span", (s) => s.errors, "No attempt has failed", [
    { name: "Error", head: true, wide: true, cell: (row) => html`<strong title=${row.error_class}>${tail(row.error_class)}</strong>` },
    num("Failed attempts", (row) => count(row.failed_attempts)), num("Share", (row) => percent(row.share)),
    num("Beyond retry", (row) => count(row.permanent)), num("Tasks", (row) => count(row.tasks)),
    { name: "Latest", cell: (row) => html`<${When} at=${row.latest_at} />` }, { name: "In", cell: (row) => task(row.latest_task_id, row.latest_step) },
  ]],
  ["Slowest tasks", "slow-tasks", (s) => s.slowest_tasks, "No task has ended", [
    { name: "Task", head: true, cell: (row) => task(row.task_id) }, definition, num("Ran", (row) => duration(row.run_seconds)),
    num("In all", (row) => duration(row.total_seconds)), num("Steps", (row) => count(row.steps)), num("Attempts", (row) => count(row.attempts)),
  ]],
  ["Slowest attempts", "slow-steps", (s) => s.slowest_steps, "No step has run", [
    step, definition, num("Ran", (row) => duration(row.run_seconds)), num("Attempts", (row) => count(row.attempts)), { name: "In", cell: (row) => task(row.task_id, row.step) },
  ]],
  ["Longest waits to start", "waits", (s) => s.longest_waits.filter((row) => row.queue_seconds > 0.001), "No step has waited", [
    step, definition, num("Waited", (row) => duration(row.queue_seconds)), num("Ran", (row) => duration(row.run_seconds)), { name: "In", cell: (row) => task(row.task_id, row.step) },
  ]],
];

export function Bottlenecks({ query }) {
  const period = PERIODS.some(([key]) => key === query.get("period")) ? query.get("period") : "24";
  const found = useResource(period, (signal) => get("analytics/bottlenecks", { period, top: 8 }, signal), { every: 20_000 });
  const tasks = found.data && found.data.statistics.tasks;
  return html`<${PageHead} title="Bottlenecks" lead=${tasks && `${counted(tasks.created, "task")} of the period, ${percent(tasks.error_rate)} of those at rest failed`}>
      <${Choice} label="Period" options=${PERIODS} value=${period} onChange=${(key) => go(to("bottlenecks", { period: key }), { replace: true })} /></${PageHead}>
    <${Loaded} from=${found} rows=${10}>${({ statistics }) => html`<div class="halves">
      ${TABLES.map(([title, id, rows, empty, columns]) => html`<${Panel} key=${id} title=${title} id=${id.split(" ")[0]} className=${id.split(" ")[1] || ""} flush>
        <${Table} label=${title} columns=${columns} rows=${rows(statistics)} keyOf=${null} empty=${html`<${Empty} sign="✔" title=${empty} />`} /></${Panel}>`)}
    </div>`}</${Loaded}>`;
}
