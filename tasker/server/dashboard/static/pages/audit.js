// Who did what.

import { html } from "../vendor/preact.js";
import { get } from "../core/api.js";
import { useResource } from "../core/resource.js";
import { Loaded, PageHead, Panel } from "../parts/basics.js";
import { Value } from "../parts/value.js";

export function Audit() {
  const found = useResource("audit", (signal) => get("audit", {}, signal));
  return html`<${PageHead} title="Audit" /><${Panel} title="Who did what" id="audit"><${Loaded} from=${found}>${(data) => html`<${Value} value=${data} />`}</${Loaded}></${Panel}>`;
}
