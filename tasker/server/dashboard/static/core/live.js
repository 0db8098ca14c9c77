// Server-sent events through fetch, which unlike EventSource can send a token.

import { useEffect, useRef, useState } from "../vendor/preact.js";
import { demandSignIn, session } from "./session.js";
import { headers, setReach, urlOf } from "./api.js";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const SILENT_MS = 40_000;

/** Parse one block of a stream; null for a comment. */
function parse(block) {
  const event = { event: "message", data: "", id: null };
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at < 1) continue;
    const value = line.slice(at + 1).replace(/^ /, "");
    if (line.startsWith("data:")) event.data += value;
    else if (line.startsWith("event:")) event.event = value;
    else if (line.startsWith("id:")) event.id = value;
  }
  return event.data ? event : null;
}

async function* events(answer, heard) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    heard();
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const event = parse(block);
      if (event) yield event;
    }
  }
}

/** Follow a stream until stopped, coming back after each loss. Returns what stops it. */
export function follow(where, query, { onEvent, onState }) {
  const stop = new AbortController();
  run().catch((error) => {
    if (!stop.signal.aborted) throw error;
  });
  return () => stop.abort();

  async function run() {
    let seen = null;
    let pause = FIRST_PAUSE_MS;
    while (!stop.signal.aborted) {
      const attempt = new AbortController();
      stop.signal.addEventListener("abort", () => attempt.abort(), { once: true });
      let timer;
      const heard = () => {
        clearTimeout(timer);
        timer = setTimeout(() => attempt.abort(), SILENT_MS);
      };
      try {
        heard();
        const answer = await fetch(urlOf(where, query), {
          headers: headers(seen ? { "Last-Event-ID": seen } : {}),
          signal: attempt.signal,
          credentials: "omit",
          cache: "no-store",
        });
        setReach(true);
        if (answer.status === 401) demandSignIn();
        if ([401, 403, 404, 409].includes(answer.status)) return onState("refused");
        if (!answer.ok) throw new Error(`status ${answer.status}`);
        onState("live");
        pause = FIRST_PAUSE_MS;
        for await (const event of events(answer, heard)) {
          if (event.event === "end") return onState("ended");
          if (event.event === "refused") {
            if (JSON.parse(event.data).status === 401) demandSignIn();
            return onState("refused");
          }
          if (event.id) seen = event.id;
          onEvent(event.event, JSON.parse(event.data));
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof TypeError) setReach(false);
      } finally {
        clearTimeout(timer);
      }
      onState("lost");
      await new Promise((done) => setTimeout(done, pause * (0.5 + Math.random() / 2)));
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }
}

/**
 * Follow a stream while a component is shown. Returns `live`, `lost`, `ended` or `refused`;
 * none is followed while `where` is null.
 */
export function useStream(where, query, onEvent) {
  const [state, setState] = useState("lost");
  const hear = useRef(onEvent);
  hear.current = onEvent;
  useEffect(() => {
    if (!where) return undefined;
    const onEvent = (name, event) => hear.current(name, event);
    return follow(where, query, { onEvent, onState: setState });
  }, [where, JSON.stringify(query), session.token]);
  return state;
}
