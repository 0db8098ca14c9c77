// What a page shows of the API: loaded, loaded again, kept while it is loaded again.

import { useEffect, useRef, useState } from "../vendor/preact.js";
import { onReach } from "./api.js";

const LEAST_PAUSE_MS = 400;
/** A reading that takes long is repeated at most this much more seldom. */
const REST = 3;

/**
 * Load something whenever `key` changes, and again on `reload()`.
 *
 * Returns `{ data, error, loading, reload }`. Calls of `reload` are gathered, so that a
 * thousand events cost a few requests. `every` loads it again after so many milliseconds.
 */
export function useResource(key, load, { every = 0 } = {}) {
  const [found, setFound] = useState({ key: null, data: null, error: null });
  const state = useRef({ timer: 0, busy: false, again: false, took: 0 });
  const current = useRef(load);
  current.current = load;

  useEffect(() => {
    if (key === null) return undefined;
    const stop = new AbortController();
    const mine = { timer: 0, busy: false, again: false, took: 0, poll: 0 };
    state.current = mine;

    mine.run = async () => {
      if (mine.busy || stop.signal.aborted) return void (mine.again = true);
      mine.busy = true;
      mine.again = false;
      clearTimeout(mine.poll);
      const begun = performance.now();
      try {
        const data = await current.current(stop.signal);
        if (!stop.signal.aborted) setFound({ key, data, error: null });
      } catch (error) {
        if (stop.signal.aborted) return;
        setFound((old) => ({ key, data: old.key === key ? old.data : null, error }));
      } finally {
        mine.busy = false;
        mine.took = performance.now() - begun;
      }
      if (mine.again) mine.soon();
      if (every) mine.poll = setTimeout(mine.visibly, every);
    };
    mine.visibly = () => {
      if (document.hidden) mine.poll = setTimeout(mine.visibly, every);
      else mine.run();
    };
    mine.soon = () => {
      if (mine.timer) return;
      mine.timer = setTimeout(() => {
        mine.timer = 0;
        mine.run();
      }, Math.max(LEAST_PAUSE_MS, mine.took * REST));
    };
    mine.run();
    const forget = onReach((up) => up && mine.soon());
    return () => {
      forget();
      stop.abort();
      clearTimeout(mine.timer);
      clearTimeout(mine.poll);
    };
  }, [key, every]);

  const fresh = found.key === key;
  return {
    data: fresh ? found.data : null,
    error: fresh ? found.error : null,
    loading: key !== null && !fresh,
    reload: () => state.current.soon && state.current.soon(),
    reloadNow: () => state.current.run && state.current.run(),
  };
}

/** Render again so often, for what is told relative to now. */
export function useTick(ms) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || tick((n) => n + 1), ms);
    return () => clearInterval(timer);
  }, [ms]);
}
