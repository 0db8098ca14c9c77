// Where the time of a task went: a row for each step, with its waits, attempts and backoffs.

import { html } from "../vendor/preact.js";
import { duration } from "../core/format.js";
import { sign, word } from "../core/states.js";

const KINDS = { queued: "waited to start", running: "ran", backoff: "waited for the next attempt after" };
const LEAST = 0.35;
const STEPS = [1, 2, 5];

/** Return round instants that divide a length, in seconds. */
export function ticks(total, most = 6) {
  if (!(total > 0)) return [0];
  const units = total > 172_800 ? [86_400] : total > 7200 ? [3600] : total > 120 ? [60] : [1];
  const raw = total / most / units[0];
  const scale = 10 ** Math.floor(Math.log10(raw));
  const nice = units[0] === 1 || raw > 10 ? STEPS.map((n) => n * scale) : [1, 2, 5, 10];
  const step = (nice.find((n) => n >= raw) || scale * 10) * units[0];
  return Array.from({ length: Math.floor(total / step) + 1 }, (_, at) => at * step);
}

/** The timeline of a task. */
export function TimelineView({ timeline, steps, selected, onSelect }) {
  const total = Math.max(timeline.end - timeline.start, 0.001);
  const at = (seconds) => ((seconds - timeline.start) / total) * 100;
  const byStep = new Map(steps.map((step) => [step.name, []]));
  for (const span of timeline.spans) byStep.get(span.step)?.push(span);
  const marks = ticks(total);
  return html`<div class="timeline" role="table" aria-label="Timeline of the attempts">
    <div class="tl-row tl-axis" role="row">
      <span class="tl-name" role="columnheader">step</span>
      <span class="tl-bars" role="columnheader"><span class="hidden">attempts</span>${marks.map((mark) => html`<${Tick} key=${mark} mark=${mark} total=${total} />`)}</span>
      <span class="tl-total num" role="columnheader">ran</span>
    </div>
    ${steps.map((step) => html`<${Row} key=${step.name} step=${step} spans=${byStep.get(step.name)} at=${at} marks=${marks} total=${total}
      paused=${timeline.paused} selected=${step.name === selected} onSelect=${onSelect} />`)}
    <${Legend} paused=${timeline.paused.length > 0} />
  </div>`;
}

function Tick({ mark, total }) {
  const place = (mark / total) * 100;
  return html`<svg class="tl-tick" aria-hidden="true"><text x=${`${place}%`} y="12" text-anchor=${place < 4 ? "start" : place > 94 ? "end" : "middle"}>${duration(mark)}</text></svg>`;
}

function Row({ step, spans, at, marks, total, paused, selected, onSelect }) {
  const ran = spans.filter((span) => span.kind === "running").reduce((sum, span) => sum + span.end - span.start, 0);
  return html`<div class="tl-row ${selected ? "selected" : ""}" role="row">
    <span class="tl-name ${step.critical ? "on-path" : ""}" role="rowheader">
      <button type="button" class="plain" onClick=${() => onSelect(step.name)} title=${step.name}>
        <span class="sign ${step.status}" aria-hidden="true">${sign(step.status)}</span><span class="clip">${step.name}</span>
      </button>
    </span>
    <span class="tl-bars" role="cell">
      <svg viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label=${described(step, spans)}>
        ${marks.map((mark) => html`<rect key=${mark} class="tl-grid" x=${(mark / total) * 100} y="0" width="0.08" height="24"></rect>`)}
        ${paused.map(([start, end], number) => html`<rect key=${`p${number}`} class="tl-pause" x=${at(start)} y="0" width=${Math.max(at(end) - at(start), LEAST)} height="24"><title>paused for ${duration(end - start)}</title></rect>`)}
        ${spans.map((span, number) => html`<${Bar} key=${number} span=${span} at=${at} />`)}
      </svg>
    </span>
    <span class="tl-total num" role="cell">${spans.length ? duration(ran) : "–"}</span>
  </div>`;
}

function Bar({ span, at }) {
  const x = Math.min(at(span.start), 100 - LEAST);
  const width = Math.max(at(span.end) - at(span.start), LEAST);
  const running = span.kind === "running";
  const look = running ? (span.open ? "in_progress" : span.outcome || "cancelled") : span.kind;
  return html`<rect class="bar ${look}" x=${x} y=${running ? 5 : 9} width=${width} height=${running ? 14 : 6}><title>${inWords(span)}</title></rect>`;
}

function inWords(span) {
  const told = span.kind === "running" ? `attempt ${span.attempt} ran` : `${KINDS[span.kind]} attempt ${span.attempt},`.replace("start attempt", "start, attempt");
  const outcome = span.outcome ? `, ${word(span.outcome)}` : span.open ? " so far" : "";
  return `${told} ${duration(span.end - span.start)}${outcome}${span.note ? `: ${span.note}` : ""}`;
}

function described(step, spans) {
  return spans.length ? `${step.name}: ${spans.map(inWords).join("; ")}` : `${step.name}: ${word(step.status)}`;
}

function Legend({ paused }) {
  const kinds = [["queued", "wait"], ["complete", "attempt"], ["error", "failed attempt"], ["backoff", "backoff"], ["in_progress", "running"]];
  return html`<p class="tl-legend" aria-hidden="true">
    ${kinds.map(([kind, text]) => html`<span key=${kind} class="key"><svg width="16" height="10"><rect class="bar ${kind}" y=${kind === "queued" || kind === "backoff" ? 2 : 0} width="16" height=${kind === "queued" || kind === "backoff" ? 6 : 10}></rect></svg>${text}</span>`)}
    ${paused && html`<span class="key"><svg width="16" height="10"><rect class="tl-pause" width="16" height="10"></rect></svg>paused</span>`}
    <span class="key critical-key">critical path</span>
  </p>`;
}
