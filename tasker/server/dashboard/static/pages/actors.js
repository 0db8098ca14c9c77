// The tree of actors that do the work, with their mailboxes, and the nodes where there are several.

import { html, useState } from "../vendor/preact.js";
import { get } from "../core/api.js";
import { count, counted, duration } from "../core/format.js";
import { useResource } from "../core/resource.js";
import { Choice, Empty, Loaded, Meter, PageHead, Panel } from "../parts/basics.js";
import { Nodes } from "../parts/nodes.js";
import { Table } from "../parts/table.js";

const MOST = 200;
const SHOWN = [["all", "All"], ["busy", "With messages"], ["restarted", "Restarted"]];
const TESTS = {
  all: () => true,
  busy: (actor) => actor.mailbox !== null && actor.mailbox.depth > 0,
  restarted: (actor) => actor.restarts > 0,
};
const SIGNS = { running: "●", starting: "○", ending: "■", stopping: "■", stopped: "■" };

const COLUMNS = [
  { name: "Actor", head: true, wide: true, cell: (actor) => html`<span class="actor depth-${Math.min(actor.depth, 6)}">
      ${actor.depth > 0 && html`<span class="muted" aria-hidden="true">└</span>`}<span><strong>${actor.name}</strong> <span class="muted">${actor.kind}</span></span></span>` },
  { name: "State", cell: (actor) => html`<span class="actor-state ${actor.state}"><span aria-hidden="true">${SIGNS[actor.state] || "?"}</span> ${actor.state}</span>` },
  { name: "Mailbox", cell: (actor) => html`<${Mailbox} mailbox=${actor.mailbox} />` },
  { name: "Received", numeric: true, cell: (actor) => (actor.mailbox ? count(actor.mailbox.received) : "–") },
  { name: "Restarts", numeric: true, cell: (actor) => html`<span class=${actor.restarts ? "bad-text" : "muted"}>${count(actor.restarts)}</span>` },
  { name: "Age", numeric: true, cell: (actor) => duration(actor.age_seconds) },
];

function Mailbox({ mailbox }) {
  if (!mailbox) return html`<span class="muted">none</span>`;
  const share = mailbox.capacity ? mailbox.depth / mailbox.capacity : 0;
  const told = `${count(mailbox.depth)} of ${count(mailbox.capacity)}`;
  return html`<span class="mailbox"><${Meter} share=${share} tone=${share > 0.7 ? "bad" : share > 0.4 ? "warn" : "good"} label=${`${told} messages`} /><span class="num">${told}</span></span>`;
}

export function Actors() {
  const [which, setWhich] = useState("all");
  const found = useResource("actors", (signal) => get("actors", { limit: MOST }, signal), { every: 2_000 });
  const actors = found.data ? found.data.actors : [];
  const restarts = actors.reduce((sum, actor) => sum + (actor.kind === "Supervisor" ? 0 : actor.restarts), 0);
  return html`<${PageHead} title="Actors" lead=${found.data && `${counted(actors.length, "actor")}, ${counted(restarts, "restart")}`}>
      <${Choice} label="Which actors" options=${SHOWN} value=${which} onChange=${setWhich} /></${PageHead}>
    <${Nodes} />
    <${Panel} title="Tree" id="tree" flush tools=${html`<span class="muted">up to ${MOST} of each supervisor</span>`}>
      <${Loaded} from=${found} rows=${8}>${(data) => html`<${Table} label="Actors" columns=${COLUMNS} rows=${data.actors.filter(TESTS[which])} keyOf=${null}
        empty=${html`<${Empty} sign="✔" title=${which === "busy" ? "No mailbox has messages" : "No actor was restarted"} />`} />`}</${Loaded}>
    </${Panel}>`;
}
