// Now: what passes, live, and back through the archive by words, company, event and mood.

import { get } from "/page/api.js";
import { item, words } from "/page/article.js";
import { blank, h, head, loading, many, settled, show, time, unless } from "/page/dom.js";
import { watch } from "/page/live.js";

const MOST = 300;
const TOGETHER = 250;

export async function view(root, { query, signal }) {
  const known = await get("/api/watchlist", {}, signal);
  const filter = { q: query.get("q") || "", company: query.get("company") || "", event: query.get("event") || "", mood: query.get("mood") || "", feed: query.get("feed") || "", only: query.get("only") || "" };
  const list = h("ul", { className: "feed", id: "articles" });
  const more = h("div", { className: "more" });
  const newer = h("div", { className: "newer" });
  let after = "";
  let turn = 0;
  let paused = false;
  const soon = settled(load);
  let drawing = 0;
  let waiting = [];

  const field = (name, label, control) => h("div", { className: "field" }, h("label", { for: `f-${name}` }, label), control);
  const set = (name, slow) => (event) => {
    filter[name] = event.target.type === "checkbox" ? (event.target.checked ? "news" : "") : event.target.value.trim();
    soon(slow ? undefined : 0);
  };
  const options = (values, all) => [h("option", { value: "" }, all), values.map((value) => h("option", { value }, words(value)))];
  const select = (name, values, all) => h("select", { id: `f-${name}`, onchange: set(name), value: undefined }, options(values, all));
  const event = select("event", known.event_types, "Any event");
  const mood = select("mood", ["positive", "neutral", "negative"], "Any sentiment");
  event.value = filter.event;
  mood.value = filter.mood;
  const pause = h("button", { type: "button", "aria-pressed": "false", onclick: () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? "Go on" : "Pause";
    draw();
  } }, "Pause");
  const form = h(
    "form", { className: "filters", role: "search", "aria-label": "Articles", onsubmit: (e) => { e.preventDefault(); load(); } },
    field("q", "Search", h("input", { id: "f-q", type: "search", placeholder: "Words in title, summary or outlet", value: filter.q, oninput: set("q", true) })),
    field("company", "Company", h("input", { id: "f-company", type: "search", placeholder: "NVDA or Nvidia", value: filter.company, oninput: set("company", true) })),
    field("event", "Event", event), field("mood", "Sentiment", mood),
    h("label", { className: "check" }, h("input", { type: "checkbox", checked: filter.only === "news", onchange: set("only") }), "Only news"), pause,
  );
  show(
    root,
    head("Now", filter.feed ? `What the feed ${filter.feed} brings.` : "Every article as it passes, with what was found in it. The badge says what became of it; press it to learn why.",
      filter.feed && h("a", { className: "button", href: "#/now" }, "All feeds")),
    newer, h("section", { className: "card", "aria-label": "Articles" }, form, list, more),
  );

  const filtered = () => Object.values(filter).some(Boolean);
  const address = () => {
    const given = new URLSearchParams(Object.entries(filter).filter(([, value]) => value)).toString();
    history.replaceState(null, "", given ? `#/now?${given}` : "#/now");
  };

  async function load() {
    const mine = ++turn;
    address();
    waiting = [];
    draw();
    show(list);
    show(more, loading());
    after = "";
    await older(mine);
  }

  async function older(mine) {
    try {
      const found = await get("/api/now", { ...filter, after, limit: 50 }, signal);
      if (mine !== turn) return;
      list.append(...found.items.map((one) => item(one)));
      after = found.after;
      ended(found);
    } catch (error) {
      if (mine === turn) unless(more, () => older(mine))(error);
    }
  }

  function ended(found) {
    if (after) {
      const back = found.back_to ? h("span", { className: "small" }, "looked back to ", time(found.back_to)) : null;
      show(more, h("button", { type: "button", onclick: () => { show(more, loading()); older(turn); } }, list.children.length ? "Older" : "Look further back"), back);
    } else if (!list.children.length && filtered()) {
      show(more, blank("Nothing matches", "The archive holds no article like this. New ones appear here as they come.", h("button", { type: "button", onclick: clear }, "Clear the filters")));
    } else if (!list.children.length) {
      show(more, blank("Nothing has passed yet", "Articles appear here the moment a feed brings them. The first sight of a feed only teaches what is there; see how the feeds do.", h("a", { className: "button", href: "#/feeds" }, "See the feeds")));
    } else show(more, h("span", { className: "small" }, "This is where the archive begins."));
  }

  function clear() {
    location.hash = "#/now";
    if (location.hash === "#/now") for (const name of Object.keys(filter)) filter[name] = "";
    form.reset();
    load();
  }

  function wanted(article) {
    const said = `${article.title}\n${article.summary}\n${article.source}\n${article.feed}`.toLowerCase();
    const name = filter.company.toLowerCase();
    const company = name && article.companies.find((c) => [c.symbol, c.name, c.issuer].some((known) => known.toLowerCase() === name) || c.name.toLowerCase().startsWith(name));
    const felt = company ? company.sentiment : article.sentiment;
    return filter.q.toLowerCase().split(/\s+/).every((word) => said.includes(word)) && (!name || company)
      && (!filter.event || article.events.some((one) => one.type === filter.event)) && (!filter.feed || article.feed === filter.feed)
      && (!filter.mood || (felt && felt.label === filter.mood)) && (!filter.only || !["copy", "same_event"].includes(article.story.relation));
  }

  function draw() {
    if (!waiting.length) return show(newer);
    if (paused || window.scrollY > 240) {
      return show(newer, h("button", { type: "button", className: "primary", onclick: () => { window.scrollTo(0, 0); flush(); } }, many(waiting.length, "new article")));
    }
    flush();
  }

  function flush() {
    list.prepend(...waiting.splice(0).reverse().map((one) => item(one, true)));
    while (list.children.length > MOST) list.lastElementChild.remove();
    if (list.children.length && more.querySelector(".blank")) show(more);
    show(newer);
  }

  signal.addEventListener("abort", watch((name, data) => {
    if (name === "gap") load();
    if (name !== "article" || !wanted(data)) return;
    waiting.push(data);
    if (waiting.length > MOST) waiting.shift();
    clearTimeout(drawing);
    drawing = setTimeout(draw, TOGETHER);
  }));
  await load();
}
