// Which view is shown: the part of the address after "#/" says it, so that every view can be linked to.

import { failed, h, head, loading, show } from "/page/dom.js";
import { start, watch } from "/page/live.js";

const VIEWS = ["now", "alerts", "stories", "companies", "watchlist", "feeds", "system"];
const WORDS = { live: "live", away: "not connected", connecting: "connecting" };
const main = document.getElementById("main");
let leave = null;
let shown = 0;
let broken = false;

function place() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, ...rest] = path.split("/");
  return { name: VIEWS.includes(name) ? name : "now", rest: rest.map(decodeURIComponent).join("/"), query: new URLSearchParams(query || "") };
}

function link(name) {
  return document.querySelector(`#nav a[href="#/${name}"]`).textContent;
}

async function route(focus) {
  const turn = ++shown;
  const { name, rest, query } = place();
  if (leave) leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  for (const entry of document.querySelectorAll("#nav a")) {
    if (entry.hash === `#/${name}`) {
      entry.setAttribute("aria-current", "page");
      // not scrollIntoView: it would move where the keyboard begins
      const bar = entry.closest("nav");
      bar.scrollLeft = entry.offsetLeft - bar.clientWidth / 2;
    } else entry.removeAttribute("aria-current");
  }
  broken = false;
  const view = h("div", { className: "view" }, loading());
  show(main, view);
  try {
    const module = await import(`/page/${name}.js`);
    if (turn === shown) await module.view(view, { rest, query, signal });
  } catch (error) {
    if (error.name === "AbortError") return;
    broken = turn === shown;
    if (broken) show(view, head(link(name)), h("div", { className: "card" }, failed(error, () => route(true))));
  }
  if (turn !== shown) return;
  const title = main.querySelector("h1");
  document.title = `${title ? title.textContent : "alertd"} · alertd`;
  if (focus) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
  main.dataset.view = name;
}

watch((name, data) => {
  // a view that failed shows itself again once alertd is back
  if (broken && (name === "back" || (name === "state" && data === "live"))) route(false);
  if (name !== "state") return;
  document.getElementById("pulse").className = `pulse ${data}`;
  document.getElementById("pulse-words").textContent = WORDS[data];
});
window.addEventListener("hashchange", () => route(true));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
route(false).then(start);
