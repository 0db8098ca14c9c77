// Who did what, newest first.

import { html } from "../vendor/preact.js";
import { get } from "../core/api.js";
import { shortId, tail } from "../core/format.js";
import { useResource } from "../core/resource.js";
import { go, to } from "../core/router.js";
import { Empty, Loaded, PageHead, Panel, When } from "../parts/basics.js";
import { Table } from "../parts/table.js";

const PER_PAGE = 50;
const FILTERS = ["by", "operation", "task_id", "namespace", "cursor"];

export function Audit({ query }) {
  const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) || ""]));
  const held = FILTERS.filter((name) => name !== "cursor" && filter[name]);
  const found = useResource(JSON.stringify(filter), (signal) => get("audit", { ...filter, per_page: PER_PAGE }, signal), { every: 5_000 });
  const only = (more) => to("audit", { ...filter, cursor: "", ...more });
  const columns = [
    { name: "When", cell: (row) => html`<${When} at=${row.at} />` },
    { name: "Who", head: true, cell: (row) => html`<a href=${only({ by: row.by })} title=${`What ${row.by} did`}>${row.by}</a>` },
    { name: "Did", cell: (row) => html`<a class="tag" href=${only({ operation: row.operation })}>${row.operation}</a>` },
    { name: "Task", cell: (row) => html`<a class="task-link" href=${to("tasks", row.task_id, { step: row.step })}><span class="task-name"><span class="muted">${row.namespace}.</span>${tail(row.name)}</span> <code title=${row.task_id}>${shortId(row.task_id)}</code></a>` },
    { name: "Step", cell: (row) => row.step || "" },
    { name: "Why", wide: true, cell: (row) => row.reason || "" },
  ];
  return html`<${PageHead} title="Audit" lead="What was asked for and done. What was refused is in the server's log." />
    ${held.length > 0 && html`<div class="chips" role="group" aria-label="Filters that hold">
      ${held.map((name) => html`<button key=${name} type="button" class="chip held" aria-label=${`Drop the filter ${name}`} onClick=${() => go(only({ [name]: "" }), { replace: true })}>${name.replace("_id", "")} ${filter[name]} <span aria-hidden="true">✕</span></button>`)}
      <a class="button small" href=${to("audit")}>Clear all</a></div>`}
    <${Panel} title=${filter.cursor ? "Older" : "Newest first"} id="audit" flush>
      <${Loaded} from=${found} rows=${10}>${(data) => html`
        <${Table} label="Who did what" columns=${columns} rows=${data.actions} keyOf=${null} empty=${html`<${Empty} title=${held.length ? "Nothing matches" : "Nobody has done anything yet"} />`} />
        ${(data.next_cursor || filter.cursor) && html`<nav class="pages" aria-label="Pages of the list">
          ${filter.cursor && html`<a class="button" href=${to("audit", { ...filter, cursor: "" })}>⇤ Newest</a>`}
          ${data.next_cursor && html`<a class="button" href=${to("audit", { ...filter, cursor: data.next_cursor })}>Older →</a>`}</nav>`}`}
      </${Loaded}>
    </${Panel}>`;
}
