// Stories: how each grew, and what was told of it.

import { get } from "/page/api.js";
import { words } from "/page/article.js";
import { ago, away, blank, h, head, loading, many, rows, show, time, unless } from "/page/dom.js";

const COLUMNS = [{ name: "Story" }, { name: "Articles", num: true }, { name: "Outlets", num: true }, { name: "Latest", num: true }];
const RELATIONS = {
  first: "opened it", copy: "the same text", update: "edited its headline", correction: "corrects", follow: "brings something new", same_event: "reports it too",
};

export async function view(root, { rest, query, signal }) {
  return rest ? told(root, rest, signal) : listed(root, query, signal);
}

async function listed(root, query, signal) {
  const outlets = query.get("outlets") || "1";
  const body = h("div");
  const more = h("div", { className: "more" });
  const choice = (value, text) => h("button", { type: "button", "aria-pressed": String(outlets === value), onclick: () => { location.hash = value === "1" ? "#/stories" : `#/stories?outlets=${value}`; } }, text);
  show(root, head("Stories", "Articles about the same event, put together. The first report alerts; what follows goes to its thread, unless it brings something new."),
    h("section", { className: "card", "aria-label": "Stories" }, h("div", { className: "bar" }, h("div", { className: "segments", role: "group", "aria-label": "How many outlets" }, choice("1", "All"), choice("2", "Two outlets or more"), choice("4", "Four or more"))), body, more));
  const found = [];
  let after = "";
  async function load() {
    show(more, loading());
    const answer = await get("/api/stories", { outlets, after, limit: 50 }, signal);
    found.push(...answer.items);
    after = answer.after;
    show(body, found.length > 0 && rows("stories", COLUMNS, found.map((story) => [
      h("div", null, h("a", { className: "name", href: `#/stories/${encodeURIComponent(story.id)}` }, story.title || "(no title)"),
        h("p", { className: "sub" }, [...story.companies.slice(0, 4), ...story.events.map(words)].join(" · ") || story.outlets[0])),
      story.articles, story.outlets.length, ago(story.last_seen),
    ])));
    if (after) show(more, h("button", { type: "button", onclick: () => load().catch(unless(more, load)) }, found.length ? "Older" : "Look further back"));
    else if (found.length) show(more, h("span", { className: "small" }, "Older stories are closed and forgotten (stories.window)."));
    else show(more, blank(outlets === "1" ? "No story yet" : "No story in so many outlets", outlets === "1" ? "The first article opens the first story." : "Stories appear here once several outlets carry them.", h("a", { className: "button", href: outlets === "1" ? "#/now" : "#/stories" }, outlets === "1" ? "Watch what passes" : "Show all")));
  }
  await load();
}

async function told(root, id, signal) {
  const found = await get(`/api/stories/${encodeURIComponent(id)}`, {}, signal);
  const { story, timeline, alerts } = found;
  const alerted = new Map();
  for (const alert of alerts) if (alert.kind === "post") alerted.set(alert.article, [...(alerted.get(alert.article) || []), alert]);
  const facts = [
    ["State", story.open ? "open: others may join" : "closed"], ["Revision", story.revision], ["Companies", story.companies.join(", ")],
    ["Events", story.events.map(words).join(", ")], ["Figures", found.figures.join(", ")], ["Outlets", story.outlets.join(", ")], ["First report", ago(story.first_seen)],
  ].filter(([, value]) => value !== "");
  show(
    root, h("p", null, h("a", { href: "#/stories" }, "← All stories")), head(story.title || "(no title)", null, away(story.url, "First report", { className: "button" })),
    h("div", { className: "two" },
      h("section", { className: "card" }, h("h2", null, `${many(story.articles, "article")}, ${many(story.outlets.length, "outlet")}`),
        h("ol", { className: "timeline" }, timeline.map((row) => h("li", { className: alerted.has(row.article) ? "told" : row.novelty >= 0.5 ? "news" : undefined },
          h("p", { className: "muted small" }, time(row.at, true), ` · ${row.source} ${RELATIONS[row.relation] || row.relation} · novelty ${Math.round(100 * row.novelty)} %`),
          row.title && h("p", { className: "name" }, row.title), row.reason && h("p", { className: "sub" }, row.reason),
          (alerted.get(row.article) || []).map((alert) => h("p", null, h("a", { className: "tag event", href: `#/alerts/${encodeURIComponent(alert.key)}` }, `told in ${alert.channel} by ${alert.rule}`))))),
        story.articles > timeline.length && h("li", { className: "muted" }, `and ${many(story.articles - timeline.length, "more article")}`))),
      h("section", { className: "card" }, h("h2", null, "About it"), h("dl", { className: "facts" }, facts.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value)))))),
  );
}
