// A graph of steps, from left to right, laid out by the server.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { counted, duration } from "../core/format.js";
import { sign, word } from "../core/states.js";

const MARGIN = 12;
const LETTER = 7.1;
/** What is fitted into its frame is not drawn smaller than this, or nobody could read it. */
const LEAST_SCALE = 0.78;

/**
 * The graph. `selected` is a step's name; `onSelect(name)` is called with a chosen one.
 * `marks` may give steps a look of their own, as `{ name: "added" }`.
 */
export function GraphView({ graph, selected, onSelect, marks = {}, label, states = {} }) {
  const scroll = useRef(null);
  const [fit, setFit] = useState(true);
  useEffect(() => reveal(scroll.current, graph, selected), [selected, fit]);
  if (!graph.drawable) {
    return html`<p class="note">There are too many steps and dependencies for a picture: ${counted(graph.steps.length, "step")}.</p>`;
  }
  const width = graph.width + 2 * MARGIN;
  const height = graph.height + 2 * MARGIN;
  const edges = [...graph.edges].sort((a, b) => a.critical - b.critical);
  return html`<div class="graph">
    <div class="graph-scroll ${fit ? "fit" : ""}" ref=${scroll} tabindex="0" role="group" aria-label=${label}>
      <svg width=${width} height=${height} style=${fit ? { minWidth: `${width * LEAST_SCALE}px` } : {}} viewBox=${`${-MARGIN} ${-MARGIN} ${width} ${height}`} role="group" aria-label=${label}>
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="arrow" d="M0 0.5 7.5 4 0 7.5z"></path></marker>
          <marker id="arrow-critical" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="5" markerHeight="5" orient="auto"><path class="arrow critical" d="M0 0.5 7.5 4 0 7.5z"></path></marker>
        </defs>
        ${edges.map((edge) => html`<${Edge} key=${`${edge.from}\n${edge.to}`} edge=${edge} />`)}
        ${graph.steps.map((step) => html`<${Node} key=${step.name} step=${step} graph=${graph} mark=${marks[step.name]}
          state=${states[step.name] || step.status} selected=${step.name === selected} onSelect=${onSelect} />`)}
      </svg>
    </div>
    <p class="graph-foot">
      ${graph.critical_path.length > 1 && html`<span class="key critical-key">critical path</span>`}
      <span class="muted">${counted(graph.steps.length, "step")}, ${counted(graph.edges.length, "dependency", "dependencies")}</span>
      <button type="button" class="small plain" onClick=${() => setFit(!fit)}>${fit ? "Actual size" : "Fit"}</button>
    </p>
  </div>`;
}

function Edge({ edge }) {
  const [[x, y], ...rest] = edge.points;
  let at = [x, y];
  let d = `M${x} ${y}`;
  rest.forEach(([nextX, nextY], number) => {
    const last = number === rest.length - 1;
    const end = last ? nextX - 3 : nextX;
    const middle = (at[0] + nextX) / 2;
    d += at[1] === nextY ? `H${end}` : `C${middle} ${at[1]} ${middle} ${nextY} ${end} ${nextY}`;
    at = [nextX, nextY];
  });
  return html`<path class="edge ${edge.critical ? "critical" : ""}" d=${d} marker-end=${edge.critical ? "url(#arrow-critical)" : "url(#arrow)"}></path>`;
}

function Node({ step, graph, mark, state, selected, onSelect }) {
  const [w, h] = [graph.box_width, graph.box_height];
  const look = ["node", state || "plain", step.critical && "on-path", selected && "selected", mark].filter(Boolean).join(" ");
  const told = [
    step.name,
    state && word(state),
    mark,
    step.attempts > 1 && counted(step.attempts, "attempt"),
    step.seconds !== null && duration(step.seconds),
    step.critical && "on the critical path",
  ].filter(Boolean);
  const second = [state ? word(state) : mark || `level ${step.level}`, step.seconds !== null && duration(step.seconds), step.attempts > 1 && `${step.attempts}×`].filter(Boolean);
  const choose = () => onSelect && onSelect(step.name);
  return html`<g class=${look} transform=${`translate(${step.x - w / 2} ${step.y - h / 2})`} data-step=${step.name}
      role=${onSelect ? "button" : "img"} tabindex=${onSelect ? 0 : undefined} aria-label=${told.join(", ")} aria-pressed=${onSelect ? String(selected) : undefined}
      onClick=${choose} onKeyDown=${(event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), choose())}>
    <title>${told.join(", ")}</title>
    <rect class="halo" x="-4" y="-4" width=${w + 8} height=${h + 8} rx="10"></rect>
    <rect class="box" width=${w} height=${h} rx="7"></rect>
    <text class="node-sign" x="13" y=${h / 2 + 5}>${state ? sign(state) : "▸"}</text>
    <text class="node-name" x="32" y="20">${clipped(step.name, Math.floor((w - 40) / LETTER))}</text>
    <text class="node-more" x="32" y="37">${second.join(" · ")}</text>
  </g>`;
}

function clipped(text, most) {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** Scroll a step into view, of a graph that is wider than its frame. */
function reveal(frame, graph, selected) {
  const step = graph.steps.find((each) => each.name === selected);
  if (!frame || !step || frame.scrollWidth <= frame.clientWidth) return;
  const at = ((step.x + MARGIN) / (graph.width + 2 * MARGIN)) * frame.scrollWidth;
  if (at < frame.scrollLeft || at > frame.scrollLeft + frame.clientWidth) frame.scrollLeft = at - frame.clientWidth / 2;
}
