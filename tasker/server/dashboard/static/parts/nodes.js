// The nodes that work the store, where there are several: leases, tasks, and to drain one.

import { html } from "../vendor/preact.js";
import { get, path, post } from "../core/api.js";
import { count, counted, duration } from "../core/format.js";
import { useResource } from "../core/resource.js";
import { may } from "../core/session.js";
import { Actions } from "./actions.js";
import { Copied, Panel, When } from "./basics.js";
import { Table } from "./table.js";

const EVERY_MS = 2_000;
const SHOWN_OF_ID = 8;
const SEE = "tasker.node:index";
const DRAIN = "tasker.node:drain";

const COLUMNS = [
  { name: "Node", head: true, wide: true, cell: (node) => html`<strong>${node.host}</strong> <span class="muted">process ${node.pid}</span>` },
  { name: "Id", cell: (node) => html`<${Copied} text=${node.node_id} shown=${node.node_id.slice(0, SHOWN_OF_ID)} label=${`the id of process ${node.pid} on ${node.host}`} />` },
  { name: "State", cell: (node) => html`<span class=${node.draining ? "muted" : ""}><span aria-hidden="true">${node.draining ? "■" : "●"}</span> ${node.draining ? "draining" : "working"}</span>` },
  { name: "Tasks", numeric: true, cell: (node) => count(node.tasks) },
  { name: "Lease left", numeric: true, cell: (node) => html`<span class=${node.lease_seconds < 0 ? "bad-text" : ""}>${node.lease_seconds < 0 ? "none" : duration(node.lease_seconds)}</span>` },
  { name: "Lag", numeric: true, cell: (node) => duration(node.lag_seconds) },
  { name: "Version", cell: (node) => node.version },
  { name: "Since", cell: (node) => html`<${When} at=${node.started_at} />` },
];

function drain(node) {
  return {
    name: "drain", text: "Drain", danger: true, title: "Have it hand its tasks to others",
    ask: {
      title: "Drain the node?", action: "Drain the node", danger: true, fields: [],
      text: `Process ${node.pid} on ${node.host} lets its steps finish, hands its tasks to other nodes and takes no more, until it is started again.`,
    },
  };
}

/** Nothing where one node alone works the store, or whoever looks may not see nodes. */
export function Nodes() {
  const found = useResource(may(SEE) ? "nodes" : null, (signal) => get("nodes", {}, signal), { every: EVERY_MS });
  const nodes = found.data ? found.data.nodes : [];
  if (nodes.length < 2) return null;
  const operation = {
    name: "Operation",
    cell: (node) => html`<${Actions} actions=${node.draining ? [] : [drain(node)]} label=${`Operations on process ${node.pid}`} run=${async () => {
      await post(`nodes/${path(node.node_id)}/drain`);
      await found.reloadNow();
    }} />`,
  };
  return html`<${Panel} title="Nodes" id="nodes" flush tools=${html`<span class="muted">${counted(nodes.length, "process", "processes")}; the tree below is of the one that answers</span>`}>
    <${Table} label="Nodes" columns=${may(DRAIN) ? [...COLUMNS, operation] : COLUMNS} rows=${nodes} keyOf=${(node) => node.node_id} />
  </${Panel}>`;
}
