// What stands around every page: where one can go, who is signed in, whether the server answers.

import { html, useEffect, useState } from "../vendor/preact.js";
import { onReach, reach } from "../core/api.js";
import { clock } from "../core/format.js";
import { useTick } from "../core/resource.js";
import { to } from "../core/router.js";
import { may, session, signOut } from "../core/session.js";
import { applyTheme, theme, THEMES } from "./theme.js";

const ICONS = {
  overview: "M3 12h3l2.5-7 4 12 2.5-5H19",
  tasks: "M4 5h2m3 0h9M4 11h2m3 0h9M4 17h2m3 0h9",
  definitions: "M4 4h6v5H4zM12 13h6v5h-6zM7 9v6.500h5",
  actors: "M11 3v5M5 14v-3h12v3M3.500 14h3v4h-3zM9.500 14h3v4h-3zM15.500 14h3v4h-3zM11 8v6",
  bottlenecks: "M4 3h14l-5.500 7v5l-3 3v-8z",
  audit: "M11 3l7 3v5c0 4-3 7-7 8-4-1-7-4-7-8V6zM8 11l2 2 4-4",
};
const PLACES = [
  ["overview", "Overview", []],
  ["tasks", "Tasks", []],
  ["definitions", "Definitions", ["tasker.handler:index"]],
  ["actors", "Actors", ["tasker.actor:index"]],
  ["bottlenecks", "Bottlenecks", ["tasker.analytics:index"]],
  ["audit", "Audit", ["tasker.audit:read"]],
];

export function Frame({ section, children }) {
  const places = PLACES.filter(([, , needed]) => needed.every((permission) => may(permission)));
  return html`<div class="frame">
    <a class="skip" href="#main" onClick=${(event) => (event.preventDefault(), document.getElementById("main").focus())}>Skip to the content</a>
    <header class="side">
      <a class="brand" href=${to("overview")} aria-label="Tasker, overview"><${Logo} /><span>Tasker</span></a>
      <nav aria-label="Pages">
        <ul>${places.map(([name, text]) => html`<li key=${name}><a href=${to(name)} aria-current=${name === section ? "page" : undefined}>
          <${Icon} path=${ICONS[name]} /><span>${text}</span></a></li>`)}</ul>
      </nav>
      <${Who} />
    </header>
    <div class="content">
      <${Gone} />
      <main id="main" tabindex="-1">${children}</main>
    </div>
  </div>`;
}

function Icon({ path }) {
  return html`<svg class="icon" viewBox="0 0 22 22" width="20" height="20" aria-hidden="true"><path d=${path}></path></svg>`;
}

function Logo() {
  return html`<svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true"><rect class="logo-ground" width="32" height="32" rx="8"></rect>
    <path class="logo-lines" d="M9 10h5m4 0h5M9 16h5a2 2 0 0 1 2 2v2a2 2 0 0 0 2 2h5M14 10a2 2 0 0 1 2 2v2a2 2 0 0 0 2 2h5"></path></svg>`;
}

function Who() {
  const [chosen, setChosen] = useState(theme());
  const choose = (name) => {
    applyTheme(name);
    setChosen(name);
  };
  return html`<div class="who">
    <label class="hidden" for="theme">Colours</label>
    <select id="theme" value=${chosen} onChange=${(event) => choose(event.target.value)}>
      ${THEMES.map(([name, text]) => html`<option key=${name} value=${name} selected=${name === chosen}>${text}</option>`)}
    </select>
    <span class="user" title=${`signed in as ${session.me.user_id || "nobody"}`}>${session.me.user_id || "nobody"}</span>
    ${session.token && html`<button type="button" class="small" onClick=${signOut}>Sign out</button>`}
  </div>`;
}

/** Told while the server does not answer: what is shown is old, and will be made good. */
function Gone() {
  const [up, setUp] = useState(reach.up);
  useEffect(() => onReach(setUp), []);
  useTick(1000);
  if (up) return null;
  return html`<div class="gone" role="alert"><span aria-hidden="true">⚠</span>
    <span><strong>The server does not answer.</strong> What you see is of ${clock(reach.at)}; it goes on by itself when the server is back.</span></div>`;
}
