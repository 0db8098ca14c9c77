// One definition: its graph, its steps, and what changed between two of its versions.

import { html } from "../vendor/preact.js";
import { get, path } from "../core/api.js";
import { count, counted, duration } from "../core/format.js";
import { useResource } from "../core/resource.js";
import { go, to } from "../core/router.js";
import { Copied, Empty, Facts, Loaded, PageHead, Panel } from "../parts/basics.js";
import { GraphView } from "../parts/graph.js";
import { changesBetween, Comparison, marksOf } from "../parts/comparison.js";
import { Table } from "../parts/table.js";
import { Value } from "../parts/value.js";

async function version(namespace, name, which, signal) {
  const where = `handlers/${path(namespace, name)}`;
  const [handler, drawn] = await Promise.all([
    get(where, { version: which }, signal),
    get(`${where}/diagram`, { version: which }, signal),
  ]);
  return { handler, graph: drawn.graph };
}

export function Definition({ namespace, name, query }) {
  const [shown, other] = [query.get("version") || "", query.get("compare") || ""];
  const found = useResource(`${namespace} ${name} ${shown} ${other}`, async (signal) => {
    const [one, two] = await Promise.all([version(namespace, name, shown, signal), other && version(namespace, name, other, signal)]);
    return { ...one, other: two || null };
  });
  const show = (more) => go(to("definitions", namespace, name, { version: shown, compare: other, ...more }), { replace: true });
  return html`<nav class="crumbs" aria-label="Where this is"><a href=${to("definitions")}>Definitions</a> <span aria-hidden="true">/</span> <span>${namespace}</span></nav>
    <${Loaded} from=${found} rows=${8}>${(data) => html`<${Shown} data=${data} show=${show} compare=${other} />`}</${Loaded}>`;
}

function Shown({ data, show, compare }) {
  const { handler, graph, other } = data;
  const changes = other && changesBetween(other.handler, handler);
  const newest = handler.versions.slice().reverse();
  return html`<${PageHead} title=${handler.name} lead=${handler.description}>
      <label class="select"><span>Version</span><select value=${handler.version} onChange=${(event) => show({ version: event.target.value, compare: compare === event.target.value ? "" : compare })}>
        ${newest.map((each) => html`<option key=${each} value=${each} selected=${each === handler.version}>${each}${each === handler.latest_version ? " (latest)" : ""}</option>`)}</select></label>
      ${newest.length > 1 && html`<label class="select"><span>Compared with</span><select value=${compare} onChange=${(event) => show({ compare: event.target.value })}>
        <option value="" selected=${!compare}>none</option>${newest.filter((each) => each !== handler.version).map((each) => html`<option key=${each} value=${each} selected=${each === compare}>${each}</option>`)}</select></label>`}
      <a class="button" href=${to("tasks", { namespace: handler.namespace, name: handler.name, version: handler.version })}>Its tasks</a>
    </${PageHead}>
    ${other
      ? html`<${Panel} title="What changed" id="changes" flush><${Comparison} from=${other.handler} to=${handler} changes=${changes} /></${Panel}>
        <div class="column">
          <${Panel} title=${`Graph of ${other.handler.version}`} id="graph-old" flush><${GraphView} graph=${other.graph} marks=${marksOf(changes, "removed")} label=${`Graph of version ${other.handler.version}`} /></${Panel}>
          <${Panel} title=${`Graph of ${handler.version}`} id="graph-new" flush><${GraphView} graph=${graph} marks=${marksOf(changes, "added")} label=${`Graph of version ${handler.version}`} /></${Panel}>
        </div>`
      : html`<${Panel} title="Graph" id="graph" flush><${GraphView} graph=${graph} label=${`Graph of version ${handler.version}`} /></${Panel}>`}
    <${Panel} title="Steps" id="steps" flush><${Templates} steps=${handler.step_templates} /></${Panel}>
    <div class="halves">
      <${Panel} title="Context that it takes" id="schema">${handler.schema ? html`<${Value} value=${handler.schema} />` : html`<p class="muted">Anything: it has no schema.</p>`}</${Panel}>
      <${Panel} title="About" id="about"><${Facts} items=${[
        ["Full name", handler.full_name],
        ["Priority", count(handler.priority)],
        ["Versions", counted(handler.versions.length, "version")],
        ["Hash", html`<${Copied} text=${handler.hash} label="the hash" shown=${handler.hash.slice(0, 16)} />`],
      ]} /></${Panel}>
    </div>`;
}

const COLUMNS = [
  { name: "Step", head: true, cell: (step) => html`<strong>${step.name}</strong>` },
  { name: "What it does", wide: true, cell: (step) => step.description || html`<span class="muted">–</span>` },
  { name: "Waits for", cell: (step) => step.depends_on.join(", ") || html`<span class="muted">nothing</span>` },
  { name: "Attempts", numeric: true, cell: (step) => (step.default_retryable ? count(step.default_retry_limit) : "1") },
  { name: "Timeout", numeric: true, cell: (step) => duration(step.timeout_seconds) },
  { name: "System", cell: (step) => step.dependent_system || html`<span class="muted">–</span>` },
  { name: "Handler", cell: (step) => html`<code class="breaks">${step.handler_class}</code>` },
];

function Templates({ steps }) {
  return html`<${Table} label="Steps" columns=${COLUMNS} rows=${steps} keyOf=${(step) => step.name} empty=${html`<${Empty} title="It has no steps" />`} />`;
}
