// The live stream, one for the whole page. It comes back by itself to where it was; who watches is told how it is.

import { get } from "/page/api.js";

const AGAIN = 3000;
const watchers = new Set();
let source = null;
let last = "";
let state = "connecting";

function tell(name, data) {
  for (const watcher of [...watchers]) watcher(name, data);
}

function become(next) {
  if (state === next) return;
  state = next;
  tell("state", state);
}

function heard(name) {
  return (event) => {
    if (event.lastEventId) last = event.lastEventId;
    if (name === "away") become("away");
    else if (name !== "slow") become("live");
    tell(name, JSON.parse(event.data));
  };
}

/** Begins; calling it again does nothing while it runs. */
export function start() {
  if (source) return;
  source = new EventSource(`/api/live${last ? `?last=${encodeURIComponent(last)}` : ""}`);
  for (const name of ["hello", "article", "alert", "away", "back", "gap", "slow"]) source.addEventListener(name, heard(name));
  source.onerror = () => {
    become("away");
    // a refusal ends the browser's own tries
    if (source.readyState === EventSource.CLOSED) {
      source.close();
      source = null;
      setTimeout(() => get("/api/silences").catch(() => null).then(start), AGAIN);
    }
  };
}

/** Calls back with (name, data) until the returned function is called; "state" tells live, away or connecting. */
export function watch(watcher) {
  watchers.add(watcher);
  watcher("state", state);
  return () => watchers.delete(watcher);
}
