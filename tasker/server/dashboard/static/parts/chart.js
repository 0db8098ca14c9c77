// What came to rest in each slice of time, stacked, with what was created as a line.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { clock, count, exact } from "../core/format.js";

const HEIGHT = 168;
const WIDTH_OF_TIME = 110;
const [LEFT, BOTTOM, TOP] = [36, 20, 8];
const KINDS = [["completed", "complete"], ["failed", "error"], ["cancelled", "cancelled"]];

/** Return a round number that is at least this. */
function roundUp(value) {
  const scale = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return Math.max(4, ([1, 2, 4, 5, 8, 10].find((n) => n * scale >= value) || 10) * scale);
}

/** Return a reference to a frame, and how wide it is: what is drawn in it keeps its size. */
function useWidth() {
  const frame = useRef(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    watch.observe(frame.current);
    return () => watch.disconnect();
  }, []);
  return [frame, width];
}

export function ActivityChart({ activity }) {
  const [frame, width] = useWidth();
  const { slices } = activity;
  const sums = Object.fromEntries(["created", ...KINDS.map(([name]) => name)].map((name) => [name, slices.reduce((sum, each) => sum + each[name], 0)]));
  const top = roundUp(Math.max(...slices.map((each) => Math.max(each.created, each.completed + each.failed + each.cancelled))));
  const wide = Math.max(width - LEFT, 0) / slices.length;
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const line = slices.map((each, at) => `${at ? "L" : "M"}${(LEFT + (at + 0.5) * wide).toFixed(1)} ${y(each.created).toFixed(1)}`).join("");
  const told = `${count(sums.created)} created, ${count(sums.completed)} completed, ${count(sums.failed)} failed, ${count(sums.cancelled)} cancelled`;
  return html`<figure class="chart" ref=${frame}>
    <svg width=${width} height=${HEIGHT} role="img" aria-label=${`Tasks by time: ${told}`}>
      ${[0, 0.5, 1].map((part) => html`<g key=${part}>
        <path class="grid" d=${`M${LEFT} ${y(top * part)}H${width}`}></path>
        <text class="axis" x=${LEFT - 8} y=${y(top * part) + 4} text-anchor="end">${count(top * part)}</text>
      </g>`)}
      ${slices.map((slice, at) => html`<${Column} key=${at} slice=${slice} x=${LEFT + at * wide} wide=${wide} y=${y} seconds=${activity.slice_seconds} />`)}
      <path class="created-line" d=${line}></path>
      ${times(slices, width).map(([at, text]) => html`<text key=${at} class="axis" x=${LEFT + (at + 0.5) * wide} y=${HEIGHT - 4} text-anchor="middle">${text}</text>`)}
    </svg>
    <figcaption>
      <span class="key"><svg width="16" height="10"><path class="created-line" d="M0 5H16"></path></svg>${count(sums.created)} created</span>
      ${KINDS.map(([name, look]) => html`<span key=${name} class="key"><svg width="10" height="10"><rect class="bar ${look}" width="10" height="10" rx="2"></rect></svg>${count(sums[name])} ${name}</span>`)}
    </figcaption>
  </figure>`;
}

function Column({ slice, x, wide, y, seconds }) {
  const since = Date.parse(slice.since);
  const told = `${exact(since)}, ${Math.round(seconds)} s: ${slice.created} created, ${slice.completed} completed, ${slice.failed} failed, ${slice.cancelled} cancelled`;
  const gap = Math.min(2, wide / 4);
  let below = 0;
  const parts = KINDS.map(([name, look]) => {
    const [from, to] = [below, (below += slice[name])];
    return slice[name] > 0 && html`<rect key=${name} class="bar ${look}" x=${x + gap / 2} y=${y(to)} width=${wide - gap} height=${Math.max(y(from) - y(to), 1)}></rect>`;
  });
  return html`<g><title>${told}</title><rect class="catch" x=${x} y=${TOP} width=${wide} height=${HEIGHT - TOP - BOTTOM}></rect>${parts}</g>`;
}

/** Return where times stand below the chart, and which. */
function times(slices, width) {
  const every = Math.ceil(slices.length / Math.max(1, Math.floor(width / WIDTH_OF_TIME)));
  return slices.map((slice, at) => [at, clock(Date.parse(slice.since))]).filter(([at]) => at % every === Math.floor(every / 2));
}
