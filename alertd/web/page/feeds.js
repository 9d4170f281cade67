// Feeds: how each does, in words; what its habit is, and when it is asked again.

import { get } from "/page/api.js";
import { spark } from "/page/chart.js";
import { ago, blank, h, head, loading, many, number, rows, settled, show, span, unless } from "/page/dom.js";

const COLUMNS = [{ name: "Feed" }, { name: "Health" }, { name: "Habit by hour" }, { name: "Answers in", num: true }, { name: "Delay", num: true }, { name: "Next poll", num: true }];
const HEALTH = { fine: ["Fine", "good"], failing: ["Failing", "bad"], stopped: ["Ended", "bad"], new: ["Not read yet", ""], late: ["Late", "mind"] };

export async function view(root, { signal }) {
  const body = h("div");
  const more = h("div", { className: "more" });
  const line = h("p", { className: "muted" });
  const soon = settled(() => load(true).catch(unless(more, () => load(true))));
  const search = h("input", { id: "d-q", type: "search", placeholder: "Name or address", oninput: () => soon() });
  show(root, head("Feeds", "Where news comes from. A feed that fails is asked ever more seldom, and for ever; the operator's channel hears of it."),
    h("section", { className: "card", "aria-label": "Feeds" }, h("div", { className: "bar" }, h("div", { className: "field" }, h("label", { for: "d-q" }, "Search"), search), line), body, more));
  let found = [];
  let after = 0;
  async function load(anew) {
    if (anew) [found, after] = [[], 0];
    show(more, loading());
    const answer = await get("/api/feeds", { q: search.value.trim(), after, limit: 100 }, signal);
    found.push(...answer.items);
    after = answer.after;
    line.textContent = many(answer.total, "feed");
    show(body, found.length > 0 && rows("feeds", COLUMNS, found.map(row)));
    if (after) show(more, h("button", { type: "button", onclick: () => load(false).catch(unless(more, () => load(false))) }, "More"));
    else if (!found.length) show(more, search.value ? blank("No feed like this", "Search by a part of its name or address.") : blank("No feed", "List feeds in alertd.yaml; alertd feeds discover finds those of a site."));
    else show(more);
    more.hidden = !more.hasChildNodes();
  }
  await load(true);
}

function row(feed) {
  const [text, kind] = HEALTH[feed.health];
  const now = Date.now() / 1000;
  const known = feed.habit.some((rate) => rate >= 0);
  const next = feed.health === "stopped" ? "no more" : !feed.next ? (feed.polls ? "as configured" : "soon") : feed.next <= now ? "now" : `in ${span(feed.next - now)}`;
  return [
    h("div", null, h("a", { className: "name", href: `#/now?feed=${encodeURIComponent(feed.name)}` }, feed.name), h("p", { className: "sub" }, feed.url), feed.failing > 0 && h("p", { className: "sub down" }, `${feed.state}. Failed ${many(feed.failing, "time")} in a row, `, feed.last_success ? ["last good ", ago(feed.last_success)] : "never good", ".")),
    h("div", null, h("span", { className: `badge ${kind}` }, text), h("p", { className: "sub" }, feed.last_success ? ["read ", ago(feed.last_success)] : "never read"), feed.outruns > 0 && h("p", { className: "sub warn" }, `outran its polls ${many(feed.outruns, "time")}`)),
    known ? h("div", null, spark(feed.habit.map((rate) => Math.max(0, rate)), `${number(feed.per_day)} entries a day`), h("p", { className: "sub" }, `${number(feed.per_day)} a day`)) : h("span", { className: "muted" }, "not known yet"),
    feed.latency ? span(feed.latency) : "–", feed.delay ? span(feed.delay) : "–",
    h("div", null, next, h("p", { className: "sub" }, feed.interval ? `every ${span(feed.interval)}${feed.why ? `: ${feed.why}` : ""}` : "")),
  ];
}
