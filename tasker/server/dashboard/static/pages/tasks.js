// Tasks: found by what they are, how they stand, and when they were created.

import { html, useEffect, useState } from "../vendor/preact.js";
import { get } from "../core/api.js";
import { count } from "../core/format.js";
import { useResource, useTick } from "../core/resource.js";
import { go, to } from "../core/router.js";
import { may } from "../core/session.js";
import { sign, TASK_STATES, word } from "../core/states.js";
import { Empty, Loaded, PageHead, Panel } from "../parts/basics.js";
import { everyOf, Live, useTaskEvents } from "../parts/live.js";
import { TaskTable } from "../parts/tasktable.js";

const PER_PAGE = 25;
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const AGES = [["", "any time"], ["0.25", "the last 15 min"], ["1", "the last hour"], ["24", "the last day"], ["168", "the last week"]];
const KEPT = ["namespace", "name", "version", "status", "tag", "age", "cursor"];

/** Return the filter that an address holds. */
function filterOf(query) {
  const one = (name) => query.get(name) || "";
  return { namespace: one("namespace"), name: one("name"), version: one("version"), status: query.getAll("status"), tag: query.getAll("tag"), age: one("age"), cursor: one("cursor") };
}

/** Return what the API is asked for. */
function asked({ age, ...filter }) {
  const from = age ? new Date(Date.now() - Number(age) * 3_600_000).toISOString() : "";
  return { ...filter, created_from: from, per_page: PER_PAGE };
}

export function Tasks({ query }) {
  const filter = filterOf(query);
  const key = JSON.stringify(filter);
  const [state, setState] = useState("lost");
  const page = useResource(key, (signal) => get("tasks", asked(filter), signal), { every: everyOf(state) });
  const now = useTaskEvents(() => page.reload());
  useEffect(() => setState(now), [now]);
  useTick(5_000);
  const change = (more) => go(to("tasks", { ...filter, cursor: "", ...more }), { replace: true });
  const filtered = KEPT.slice(0, 6).some((name) => filter[name].length > 0);
  const total = page.data && page.data.pagination.total_count;
  return html`
    <${PageHead} title="Tasks" lead=${page.data && `${count(total)} ${filtered ? "match" : "in all"}`}><${Live} state=${now} /></${PageHead}>
    <${Filters} filter=${filter} change=${change} filtered=${filtered} />
    <${Panel} title=${filter.cursor ? "Older tasks" : "Newest first"} id="tasks" flush>
      <${Loaded} from=${page} rows=${12}>${(data) => html`
        <${TaskTable} label="Tasks" whole tasks=${data.tasks} empty=${html`<${None} filtered=${filtered} />`} />
        <${Pages} filter=${filter} next=${data.pagination.next_cursor} />`}
      </${Loaded}>
    </${Panel}>`;
}

function None({ filtered }) {
  if (!filtered) return html`<${Empty} title="No tasks yet">Submit one with <code>tasker submit</code>, or <code>POST /tasks</code>.</${Empty}>`;
  return html`<${Empty} title="No task matches"><a href=${to("tasks")}>Clear the filters</a> to see all of them.</${Empty}>`;
}

function Pages({ filter, next }) {
  if (!next && !filter.cursor) return null;
  return html`<nav class="pages" aria-label="Pages of the list">
    ${filter.cursor && html`<a class="button" href=${to("tasks", { ...filter, cursor: "" })}>⇤ Newest</a>
      <button type="button" onClick=${() => history.back()}>← Back</button>`}
    ${next && html`<a class="button" href=${to("tasks", { ...filter, cursor: next })}>Older →</a>`}
  </nav>`;
}

/** Return the filter that a search means: an id, `#tag`, `namespace.name@version`, or a name. */
function searched(text) {
  if (text.startsWith("#")) return { tag: [text.slice(1)] };
  const [full, version = ""] = text.split("@");
  const at = full.lastIndexOf(".");
  return { namespace: at > 0 ? full.slice(0, at) : "", name: full.slice(at + 1), version };
}

function Filters({ filter, change, filtered }) {
  const [text, setText] = useState("");
  const handlers = useResource(may("tasker.handler:index") ? "handlers" : null, (signal) => get("handlers", {}, signal));
  const namespaces = handlers.data ? handlers.data.namespaces : [];
  const names = [...new Set(namespaces.filter((each) => !filter.namespace || each.name === filter.namespace).flatMap((each) => each.handlers))].sort();
  const search = (event) => {
    event.preventDefault();
    const wanted = text.trim();
    if (ID.test(wanted)) go(to("tasks", wanted));
    else if (wanted) change(searched(wanted));
    setText("");
  };
  const toggled = (state) => (filter.status.includes(state) ? filter.status.filter((each) => each !== state) : [...filter.status, state]);
  return html`<div class="filters">
    <form class="search" role="search" onSubmit=${search}>
      <label class="hidden" for="search">Find a task</label>
      <input id="search" type="search" placeholder="Find by id, namespace.name@version or #tag" value=${text} onInput=${(event) => setText(event.target.value)} autocomplete="off" spellcheck=${false} />
      <button type="submit">Find</button>
    </form>
    <div class="selects">
      <${Select} label="Namespace" value=${filter.namespace} options=${namespaces.map((each) => each.name)} onChange=${(namespace) => change({ namespace, name: "", version: "" })} />
      <${Select} label="Name" value=${filter.name} options=${names} onChange=${(name) => change({ name, version: "" })} />
      <label class="select"><span>Created</span><select value=${filter.age} onChange=${(event) => change({ age: event.target.value })}>
        ${AGES.map(([value, words]) => html`<option key=${value} value=${value} selected=${value === filter.age}>${words}</option>`)}</select></label>
    </div>
    <div class="chips" role="group" aria-label="States">
      ${TASK_STATES.map((state) => html`<button key=${state} type="button" class="chip ${state}" aria-pressed=${String(filter.status.includes(state))} onClick=${() => change({ status: toggled(state) })}>
        <span class="sign" aria-hidden="true">${sign(state)}</span>${word(state)}</button>`)}
    </div>
    ${filtered && html`<div class="chips" role="group" aria-label="Filters that hold">
      ${filter.version && html`<${Held} text=${`version ${filter.version}`} drop=${() => change({ version: "" })} />`}
      ${filter.tag.map((tag) => html`<${Held} key=${tag} text=${`#${tag}`} drop=${() => change({ tag: filter.tag.filter((each) => each !== tag) })} />`)}
      <a class="button small" href=${to("tasks")}>Clear all</a>
    </div>`}
  </div>`;
}

function Held({ text, drop }) {
  return html`<button type="button" class="chip held" aria-label=${`Drop the filter ${text}`} onClick=${drop}>${text} <span aria-hidden="true">✕</span></button>`;
}

function Select({ label, value, options, onChange }) {
  const all = value && !options.includes(value) ? [value, ...options] : options;
  return html`<label class="select"><span>${label}</span><select value=${value} onChange=${(event) => onChange(event.target.value)}>
    <option value="" selected=${!value}>any</option>${all.map((each) => html`<option key=${each} value=${each} selected=${each === value}>${each}</option>`)}</select></label>`;
}
