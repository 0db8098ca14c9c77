// Which page an address shows.

import { html } from "../vendor/preact.js";
import { to } from "../core/router.js";
import { shortId } from "../core/format.js";
import { Empty } from "../parts/basics.js";
import { Actors } from "./actors.js";
import { Audit } from "./audit.js";
import { Bottlenecks } from "./bottlenecks.js";
import { Definition } from "./definition.js";
import { Definitions } from "./definitions.js";
import { Overview } from "./overview.js";
import { Task } from "./task.js";
import { Tasks } from "./tasks.js";

const PAGES = {
  overview: [Overview, "Overview"],
  tasks: [Tasks, "Tasks"],
  definitions: [Definitions, "Definitions"],
  actors: [Actors, "Actors"],
  bottlenecks: [Bottlenecks, "Bottlenecks"],
  audit: [Audit, "Audit"],
};

/** Return `{ page, props, title, section }` for a route. */
export function pageOf({ parts }) {
  const [section = "overview", ...rest] = parts;
  if (section === "tasks" && rest.length === 1) {
    return { page: Task, props: { taskId: rest[0] }, title: `Task ${shortId(rest[0])}`, section };
  }
  if (section === "definitions" && rest.length === 2) {
    return { page: Definition, props: { namespace: rest[0], name: rest[1] }, title: `${rest[0]}.${rest[1]}`, section };
  }
  const found = rest.length === 0 && Object.hasOwn(PAGES, section) ? PAGES[section] : [Nothing, "Nothing here"];
  return { page: found[0], props: {}, title: found[1], section };
}

function Nothing() {
  return html`<${Empty} sign="?" title="There is no such page">Go to the <a href=${to("overview")}>overview</a>.</${Empty}>`;
}
