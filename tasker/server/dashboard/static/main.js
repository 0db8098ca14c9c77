// The dashboard: who is signed in, and which page is shown.

import { html, render, useEffect, useState } from "./vendor/preact.js";
import { get } from "./core/api.js";
import { useRoute } from "./core/router.js";
import { onSession, session, setMe, UNKNOWN } from "./core/session.js";
import { applyTheme } from "./parts/theme.js";
import { Frame } from "./parts/frame.js";
import { Failure, Loading } from "./parts/basics.js";
import { SignIn } from "./pages/signin.js";
import { pageOf } from "./pages/index.js";

function App() {
  const route = useRoute();
  const [, rendered] = useState(0);
  const [error, setError] = useState(null);

  const load = async () => {
    setError(null);
    try {
      setMe(await get("me"));
    } catch (failed) {
      if (failed.status === 403) setMe(UNKNOWN);
      else if (failed.status !== 401) setError(failed);
    }
  };
  useEffect(() => onSession(() => rendered((n) => n + 1)), []);
  useEffect(() => {
    load();
  }, []);
  const { page: Page, props, title, section } = pageOf(route);
  useEffect(() => {
    document.title = `${title} – Tasker`;
  }, [title]);
  // Of another page, not of another filter: whoever reads with a screen reader begins anew.
  useEffect(() => {
    scrollTo(0, 0);
    document.getElementById("main")?.focus({ preventScroll: true });
  }, [section, route.parts.join("/")]);

  if (session.needed) return html`<${SignIn} onSignedIn=${load} />`;
  if (session.me === null) {
    return html`<main class="alone">${error ? html`<${Failure} error=${error} retry=${load} />` : html`<${Loading} rows=${6} />`}</main>`;
  }
  return html`<${Frame} section=${section}><${Page} key=${section + route.parts.join("/")} ...${props} query=${route.query} /></${Frame}>`;
}

applyTheme();
const root = document.getElementById("app");
root.replaceChildren();
render(html`<${App} />`, root);
