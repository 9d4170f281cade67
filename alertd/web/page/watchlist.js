// Watchlist: each rule with its alerts a day and how it does, and a box to try a headline.

import { get, post } from "/page/api.js";
import { companies, events, verdicts } from "/page/article.js";
import { spark } from "/page/chart.js";
import { ago, blank, h, head, loading, many, refused, rows, show } from "/page/dom.js";

const COLUMNS = [{ name: "Rule" }, { name: "Alerts, 14 days" }, { name: "Last alert" }, { name: "Health" }];
const HEALTH = { fine: ["Fine", "good"], silenced: ["Silenced", "mind"], noisy: ["Noisy", "mind"], quiet: ["Quiet", ""], broken: ["Broken", "bad"] };

export async function view(root, { signal }) {
  const found = await get("/api/watchlist", {}, signal);
  show(
    root, head("Watchlist", `${many(found.items.length, "rule")} in force, configuration ${found.generation}. They are written in watchlist.yaml; a saved edit is taken up at once.`),
    h("div", { className: "sections" }, tryOut(), h("section", { className: "card", "aria-label": "Rules" },
      found.items.length ? rows("rules", COLUMNS, found.items.map(row)) : blank("No rule", "Write one into watchlist.yaml: a name and a company are enough. alertd check says what is wrong with it."))),
  );
}

function row(rule) {
  const today = rule.days[rule.days.length - 1];
  const total = rule.days.reduce((sum, count) => sum + count, 0);
  const [text, kind] = HEALTH[rule.health];
  return [
    h("div", null, h("a", { className: "name", href: `#/alerts?rule=${encodeURIComponent(rule.name)}` }, rule.name), rule.severity !== "normal" && h("span", { className: "tag" }, rule.severity), h("p", { className: "sub" }, rule.asks), h("p", { className: "sub" }, `to ${rule.channels.join(", ")}`)),
    h("div", null, spark(rule.days, `${many(total, "alert")} in 14 days`), h("p", { className: "sub" }, `${total} in all, ${today} today`)),
    rule.last ? h("div", null, ago(rule.last.at), h("p", { className: "sub" }, rule.last.title)) : h("span", { className: "muted" }, "never"),
    h("div", null, h("span", { className: `badge ${kind}` }, text), h("p", { className: "sub" }, rule.health_words)),
  ];
}

function tryOut() {
  const text = h("textarea", { id: "try", maxlength: "5000", rows: "3", placeholder: "Xiaomi recalls 30,000 cars over a brake fault" });
  const said = h("div", { "aria-live": "polite" });
  const button = h("button", { type: "submit", className: "primary" }, "What would happen?");
  return h("section", { className: "card", "aria-labelledby": "try-title" }, h("h2", { id: "try-title" }, "What if"), h("form", { className: "pad stack", onsubmit: async (event) => {
    event.preventDefault();
    if (!text.value.trim()) return text.focus();
    button.disabled = true;
    show(said, loading());
    try {
      const found = await post("/api/explain", { text: text.value });
      const tags = [...events(found.article), ...companies(found.article)];
      show(said, h("div", { className: "stack" }, h("p", { className: "tags" }, tags.length ? tags : h("span", { className: "muted" }, "No company and no event was found in it.")), verdicts(found.verdicts)));
    } catch (error) {
      refused(said, error);
    }
    button.disabled = false;
  } }, h("div", { className: "field" }, h("label", { for: "try" }, "A headline; further lines are its summary"), text), h("div", { className: "actions" }, button, h("span", { className: "muted small" }, "Tagged and matched here as if it arrived now. Nothing is kept, nothing is posted.")), said));
}
