// An article as a row: who is concerned, what happened, how new it is, and behind one button why it alerted or not.

import { post } from "/page/api.js";
import { ago, away, failed, h, loading, many, score, show, time } from "/page/dom.js";

const OUTCOMES = {
  alerted: ["Alerted", "good"], threaded: ["In the thread", "news"], held: ["Held back", "mind"], silenced: ["Silenced", "mind"],
  paced: ["Paced", "mind"], waiting: ["Waiting", "mind"], copy: ["Copy", ""], stopped: ["Near miss", ""], quiet: ["No rule", ""],
};
const RELATIONS = {
  first: "new story", copy: "copy", update: "edited", correction: "correction", follow: "something new", same_event: "another report",
};

export function words(name) {
  return name.replaceAll("_", " ");
}

export function mood(found) {
  if (!found) return null;
  const side = { positive: "up", negative: "down" }[found.label];
  return h("span", { className: side ? `score ${side}` : "score", title: `${found.label}: ${Math.round(100 * found[found.label])} %` }, score(found.score));
}

export function badge(outcome) {
  const [text, kind] = OUTCOMES[outcome] || ["Forgotten", ""];
  return h("span", { className: `badge ${kind}` }, text);
}

export function companies(article) {
  return article.companies.map((company) =>
    h(
      "a", { className: company.role === "subject" ? "tag" : "tag faint", href: `#/companies/${encodeURIComponent(company.issuer)}`, title: `${company.role}, relevance ${Math.round(100 * company.relevance)} %` },
      company.symbol ? `${company.name} ${company.symbol}` : company.name,
      company.role !== "subject" && h("span", null, company.role), mood(company.sentiment),
    ));
}

export function events(article) {
  return article.events.map((event) => h("span", { className: "tag event", title: `confidence ${Math.round(100 * event.confidence)} %` }, words(event.type)));
}

/** What each rule says, those that fire or came near first. */
export function verdicts(found) {
  const near = found.filter((one) => one.fires || one.near);
  const far = found.filter((one) => !one.fires && !one.near);
  return h(
    "div", { className: "stack" },
    near.length > 0 && h("ul", { className: "verdicts" }, near.map((one) =>
      h("li", null, h("span", null, h("span", { className: `badge ${one.fires ? "good" : ""}` }, one.fires ? "Fires" : "Stopped")), h("span", null, h("b", null, one.rule), h("br"), h("span", { className: "muted" }, one.why))))),
    near.length === 0 && h("p", null, "No rule came near: none of their companies, words or events is in it."),
    far.length > 0 && h("p", { className: "muted small" }, `${many(far.length, "other rule")} did not come near.`),
  );
}

/** One row; `fresh` marks what arrived just now. */
export function item(article, fresh) {
  const panel = h("div", { className: "why stack", hidden: true });
  const button = h("button", {
    type: "button", className: "why-button", "aria-expanded": "false", onclick: () => {
      const open = panel.hidden;
      panel.hidden = !open;
      button.setAttribute("aria-expanded", String(open));
      if (open) explain(panel, article);
    },
  }, badge(article.outcome), h("span", { className: "hidden" }, "why"));
  return h(
    "li", null,
    h(
      "article", { className: fresh ? "item fresh" : "item" },
      h("p", { className: "when" }, time(article.arrived, true)),
      h(
        "div", { className: "body" },
        h("h2", null, away(article.url, article.title || "(no title)")),
        h(
          "p", { className: "meta" }, h("span", null, article.source),
          h("a", { href: `#/stories/${encodeURIComponent(article.story.id)}` }, RELATIONS[article.story.relation]),
          h("span", null, `novelty ${Math.round(100 * article.story.novelty)} %`),
          article.story.outlets > 1 && h("span", null, many(article.story.outlets, "outlet")),
        ),
        h("div", { className: "tags" }, events(article), companies(article), !article.companies.length && article.sentiment && h("span", { className: "tag faint" }, "article", mood(article.sentiment))),
      ),
      h("div", { className: "outcome" }, button), panel,
    ),
  );
}

async function explain(panel, article) {
  const said = [h("p", null, h("b", null, article.why || article.held || "What was decided is no longer remembered.")), article.summary && h("p", { className: "muted" }, article.summary)];
  show(panel, ...said, loading());
  try {
    const found = await post("/api/explain", { article: article.id });
    show(
      panel, ...said, found.decided && h("p", { className: "muted small" }, `Decided ${found.decided}`), found.silences.map((line) => h("p", { className: "notice" }, line)),
      h("h3", { className: "hidden" }, "The rules as they are now"), verdicts(found.verdicts),
      h("p", { className: "muted small" }, "Arrived ", ago(article.arrived), ` by the feed ${article.feed}, id `, h("code", null, article.id)),
    );
  } catch (error) {
    show(panel, ...said, failed(error, () => explain(panel, article)));
  }
}
