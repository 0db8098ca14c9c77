// The page's address: what is shown is after the #, so that a link or a bookmark brings it back.

import { useEffect, useState } from "../vendor/preact.js";

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Return the parts of the path, and the query, of the address. */
export function parse(hash = location.hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  return {
    parts: path.split("/").filter(Boolean).map(decoded),
    query: new URLSearchParams(query),
  };
}

/** Return the address of a page: `to("tasks", id)`, `to("tasks", {status: "error"})`. */
export function to(...given) {
  const query = new URLSearchParams();
  const parts = [];
  for (const part of given) {
    if (typeof part !== "object") {
      parts.push(encodeURIComponent(part));
      continue;
    }
    for (const [name, value] of Object.entries(part)) {
      for (const each of [value].flat()) {
        if (each !== undefined && each !== null && each !== "") query.append(name, each);
      }
    }
  }
  const text = query.toString();
  return `#/${parts.join("/")}${text ? `?${text}` : ""}`;
}

/** Go to an address; `replace` leaves no step back to the present one. */
export function go(address, { replace = false } = {}) {
  if (replace) {
    history.replaceState(null, "", address);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = address;
  }
}

export function useRoute() {
  const [route, setRoute] = useState(parse);
  useEffect(() => {
    const changed = () => setRoute(parse());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return route;
}
