// Alerts: what was posted, as Slack shows it; silence and replay from here.

import { get, post } from "/page/api.js";
import { verdicts } from "/page/article.js";
import { ago, away, blank, failed, h, head, loading, many, refused, settled, show, time, unless } from "/page/dom.js";
import { watch } from "/page/live.js";
import { message } from "/page/slack.js";

export async function view(root, { rest, query, signal }) {
  const list = h("ul", { className: "pick" });
  const more = h("div", { className: "more" });
  const side = h("div", { className: "aside sections" });
  let before = "";
  const filter = { q: query.get("q") || "", rule: query.get("rule") || "" };
  const soon = settled(load);
  const search = h("div", { className: "bar" }, h("div", { className: "field" }, h("label", { for: "a-q" }, "Search"), h("input", { id: "a-q", type: "search", placeholder: "Company, words, rule or channel", value: filter.q, oninput: (event) => {
    filter.q = event.target.value.trim();
    soon();
  } })), filter.rule && h("p", null, h("span", { className: "tag event" }, `rule ${filter.rule}`), " ", h("a", { href: "#/alerts" }, "all rules")));
  show(root, head("Alerts", "What was told, where and when, as Slack shows it."),
    h("div", { className: rest ? "split open" : "split" }, h("section", { className: "card", "aria-label": "Alerts" }, search, list, more), side));

  const row = (alert) => h("li", null, h(
    "a", { href: `#/alerts/${encodeURIComponent(alert.key)}${location.hash.includes("?") ? `?${location.hash.split("?")[1]}` : ""}`, "aria-current": alert.key === rest ? "true" : undefined },
    h("span", { className: "line" }, h("span", null, alert.company || alert.rule), time(alert.at)),
    h("span", { className: "title" }, alert.severity === "high" && h("span", { className: "down" }, "‼ "), alert.title || alert.reason),
    h("span", { className: "line" }, h("span", null, `${alert.rule} · ${alert.channel}`), alert.kind !== "post" && h("span", null, alert.kind === "reply" ? "in the thread" : alert.kind)),
  ));

  async function load() {
    show(list);
    before = "";
    await older();
  }
  async function older() {
    show(more, loading());
    try {
      const found = await get("/api/alerts", { ...filter, before, limit: 50 }, signal);
      list.append(...found.items.map(row));
      before = found.before;
      if (before && found.items.length) show(more, h("button", { type: "button", onclick: older }, "Older"));
      else if (list.children.length) show(more, h("span", { className: "small" }, "That is all that is kept."));
      else if (filter.q || filter.rule) show(more, blank("No alert like this", "Try other words, or look at what passed without an alert.", h("a", { className: "button", href: `#/now?q=${encodeURIComponent(filter.q)}` }, "Search all articles")));
      else show(more, blank("No alert yet", "The rules in force have not fired. Try one with a headline of your own, and see what would stop it.", h("a", { className: "button", href: "#/watchlist" }, "Try the watchlist")));
    } catch (error) {
      unless(more, older)(error);
    }
  }

  signal.addEventListener("abort", watch((name, alert) => {
    if (name !== "alert" || filter.q || (filter.rule && alert.rule !== filter.rule)) return;
    if (!list.children.length) show(more);
    list.prepend(row(alert));
  }));
  await Promise.all([load(), rest ? detail(side, rest, signal) : idle(side)]);
}

function idle(side) {
  show(side, h("div", { className: "card" }, blank("Choose an alert", "Its message appears here as Slack renders it, with its thread, and with buttons to silence it or to take it through the rules again.")));
}

async function detail(side, key, signal) {
  show(side, h("div", { className: "card" }, loading()));
  try {
    const found = await get(`/api/alerts/${encodeURIComponent(key)}`, {}, signal);
    const { alert } = found;
    const said = h("div", { "aria-live": "polite" });
    show(
      side, h("p", null, h("a", { href: "#/alerts" }, "← All alerts")),
      h(
        "section", { className: "card", "aria-labelledby": "shown" },
        h("div", { className: "bar" }, h("h2", { id: "shown" }, `${alert.channel}`), h("span", { className: "muted small" }, alert.how === "found" ? "had arrived although Slack's answer was lost, " : "posted ", ago(alert.at))),
        h("div", { className: "pad stack" },
          found.message ? message(found.message, alert.at) : h("p", { className: "notice" }, h("strong", null, "The message is no longer remembered"), alert.title),
          found.message && !found.exact && h("p", { className: "muted small" }, "Composed anew from the archive: the message itself is no longer kept, so counts of sources may differ."),
          found.together > 1 && h("p", { className: "muted small" }, `${many(found.together, "alert")} were told together in this digest.`),
          h("p", { className: "tags" }, alert.story && h("a", { className: "tag", href: `#/stories/${encodeURIComponent(alert.story)}` }, "its story"), alert.company && h("a", { className: "tag", href: `#/companies/${encodeURIComponent(alert.symbol || alert.company)}` }, alert.company), alert.url && away(alert.url, "the article", { className: "tag" }))),
      ),
      act(alert, said), said,
      found.thread.length > 0 && h("section", { className: "card" }, h("h2", null, "In the same channel, about the same story"), h("ul", { className: "pick" }, found.thread.map((one) =>
        h("li", null, h("a", { href: `#/alerts/${encodeURIComponent(one.key)}` }, h("span", { className: "line" }, h("span", null, `${one.source} · ${one.kind === "reply" ? "reply" : one.kind}`), time(one.at)), h("span", { className: "title" }, one.title)))))),
    );
  } catch (error) {
    if (error.name === "AbortError") return;
    show(side, h("p", null, h("a", { href: "#/alerts" }, "← All alerts")), h("div", { className: "card" }, failed(error, () => detail(side, key, signal))));
  }
}

function act(alert, said) {
  const what = h("select", { id: "s-what" }, alert.company && h("option", { value: "company" }, alert.company), alert.kind !== "operator" && h("option", { value: "rule" }, `the rule ${alert.rule}`));
  const lasts = h("select", { id: "s-lasts" }, [["1h", "an hour"], ["4h", "four hours"], ["1d", "a day"], ["7d", "a week"]].map(([value, text]) => h("option", { value }, text)));
  const why = h("input", { id: "s-why", required: true, maxlength: "200", placeholder: "results are out, we know" });
  const silence = h("form", { className: "stack", onsubmit: async (event) => {
    event.preventDefault();
    const body = { lasts: lasts.value, why: why.value, ...(what.value === "company" ? { companies: [alert.symbol || alert.company] } : { rules: [alert.rule] }) };
    try {
      const made = await post("/api/silences", body);
      show(said, h("p", { className: "notice good" }, `Silence ${made.id} holds for ${lasts.selectedOptions[0].text}. `, h("a", { href: "#/system" }, "System lists the silences and ends them.")));
    } catch (error) {
      refused(said, error);
    }
  } }, h("div", { className: "two" }, h("div", { className: "field" }, h("label", { for: "s-what" }, "Silence"), what), h("div", { className: "field" }, h("label", { for: "s-lasts" }, "For"), lasts)),
    h("div", { className: "field" }, h("label", { for: "s-why" }, "Why, for others"), why),
    h("div", { className: "actions" }, h("button", { className: "primary", type: "submit" }, "Silence"), alert.kind === "post" && h("button", { type: "button", onclick: () => replay(alert, said) }, "Replay through the rules now")));
  return alert.kind === "operator" ? null : h("section", { className: "card pad" }, h("h2", { className: "hidden" }, "Act on it"), silence);
}

async function replay(alert, said) {
  show(said, loading());
  try {
    const found = await post("/api/replay", { alert: alert.key });
    show(said, h("section", { className: "card" }, h("h2", null, "Replay"), h("div", { className: "pad stack" },
      h("p", null, found.told.length ? `As the first report of a story, it would be told ${found.told.length === 1 ? "once" : `${found.told.length} times`} by the rules in force. Nothing was posted.` : "The rules in force would tell nothing of it. Nothing was posted."),
      found.told.map((one) => h("div", { className: "stack" }, h("p", { className: "muted small" }, `${one.rule} in ${one.destination}`), message(one.message, Date.now() / 1000))), verdicts(found.verdicts))));
  } catch (error) {
    refused(said, error);
  }
}
