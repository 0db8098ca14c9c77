// What tasks can be made of, by namespace.

import { html } from "../vendor/preact.js";
import { get, path } from "../core/api.js";
import { count, counted } from "../core/format.js";
import { useResource } from "../core/resource.js";
import { to } from "../core/router.js";
import { Empty, Loaded, PageHead, Panel } from "../parts/basics.js";
import { Table } from "../parts/table.js";

async function load(signal) {
  const { namespaces } = await get("handlers", {}, signal);
  return Promise.all(namespaces.map(async (each) => ({ ...each, found: await get(`handlers/${path(each.name)}`, {}, signal) })));
}

const COLUMNS = [
  { name: "Name", head: true, cell: (each) => html`<a href=${to("definitions", each.namespace, each.name)}>${each.name}</a>` },
  { name: "What it does", wide: true, cell: (each) => each.description || html`<span class="muted">–</span>` },
  { name: "Steps", numeric: true, cell: (each) => html`<span title=${each.step_names.join(", ")}>${count(each.step_count)}</span>` },
  { name: "Latest", cell: (each) => each.latest_version || html`<span class="muted">pre-releases alone</span>` },
  { name: "Versions", numeric: true, cell: (each) => count(each.versions.length) },
  { name: "Tasks", cell: (each) => html`<a href=${to("tasks", { namespace: each.namespace, name: each.name })}>its tasks</a>` },
];

export function Definitions() {
  const found = useResource("definitions", load);
  return html`<${PageHead} title="Definitions" lead=${found.data && counted(found.data.reduce((sum, each) => sum + each.handler_count, 0), "definition")} />
    <${Loaded} from=${found} rows=${8}>${(namespaces) =>
      namespaces.every((each) => each.handler_count === 0)
        ? html`<${Empty} title="Nothing is registered">Give <code>--definitions</code> or <code>--app</code> to <code>tasker serve</code>.</${Empty}>`
        : namespaces.map((each) => html`<${Panel} key=${each.name} title=${each.name} id=${`ns-${each.name}`} flush tools=${each.description && html`<span class="muted">${each.description}</span>`}>
            <${Table} label=${`Definitions in ${each.name}`} columns=${COLUMNS} rows=${each.found.handlers} keyOf=${(row) => row.name} empty=${html`<${Empty} title="Empty" />`} /></${Panel}>`)}
    </${Loaded}>`;
}
