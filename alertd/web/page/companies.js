// Companies: who is talked of, and how; volume and sentiment over time with what happened.

import { get } from "/page/api.js";
import { words } from "/page/article.js";
import { chart, legend, spark } from "/page/chart.js";
import { ago, blank, h, head, loading, many, rows, score, settled, show, time, unless } from "/page/dom.js";

const COLUMNS = [{ name: "Company" }, { name: "Last 24 hours" }, { name: "Articles", num: true }, { name: "Sentiment", num: true }, { name: "Bad / good", num: true }];
const SPANS = [["24", "24 hours"], ["72", "3 days"], ["168", "7 days"], ["720", "30 days"]];

export async function view(root, { rest, query, signal }) {
  return rest ? one(root, rest, query, signal) : listed(root, signal);
}

function felt(value) {
  return value === null ? h("span", { className: "muted" }, "–") : h("span", { className: value > 0.05 ? "up" : value < -0.05 ? "down" : "muted" }, score(value));
}

async function listed(root, signal) {
  const body = h("div");
  const soon = settled(() => load().catch(unless(body, load)));
  const search = h("input", { id: "c-q", type: "search", placeholder: "Symbol or name", oninput: () => soon() });
  show(root, head("Companies", "Those of your watchlist, and those of whom most was said in the last two days."),
    h("section", { className: "card", "aria-label": "Companies" }, h("div", { className: "bar" }, h("div", { className: "field" }, h("label", { for: "c-q" }, "Search"), search)), body));
  async function load() {
    const wanted = search.value.trim();
    const found = await get("/api/companies", { q: wanted, limit: 60 }, signal);
    if (wanted !== search.value.trim()) return;
    show(body, found.items.length ? rows("companies", COLUMNS, found.items.map((company) => [
      h("div", null, h("a", { className: "name", href: `#/companies/${encodeURIComponent(company.issuer)}` }, company.name), " ", h("span", { className: "sub" }, company.symbol), company.watched && h("span", { className: "hidden" }, " watched"), company.watched && [" ", h("span", { className: "tag event", "aria-hidden": "true" }, "watched")]),
      spark(company.hours, `${many(company.articles, "article")} in 24 hours`), company.articles, felt(company.score), `${company.negative} / ${company.positive}`,
    ])) : blank(wanted ? `No company is called ${wanted}` : "Nobody was talked of yet", wanted ? "Search by symbol (NVDA, 1810.HK) or by name." : "Companies appear here with the first article about them; those of the watchlist are always here.", h("a", { className: "button", href: "#/watchlist" }, "See the watchlist")));
  }
  show(body, loading());
  await load();
}

async function one(root, issuer, query, signal) {
  const hours = SPANS.some(([value]) => value === query.get("hours")) ? query.get("hours") : "168";
  const found = await get(`/api/companies/${encodeURIComponent(issuer)}/series`, { hours }, signal);
  const total = found.points.reduce((sum, point) => sum + point.articles, 0);
  const narrow = window.matchMedia("(max-width: 48rem)").matches;
  const name = found.symbol || found.name;
  show(
    root, h("p", null, h("a", { href: "#/companies" }, "← All companies")),
    head(found.name, [found.symbol, found.watched ? "on the watchlist" : "not on the watchlist"].filter(Boolean).join(" · "), h("a", { className: "button", href: `#/now?company=${encodeURIComponent(name)}` }, "Its articles")),
    h("div", { className: "sections" },
      h("section", { className: "card", "aria-label": "Chart" },
        h("div", { className: "bar" }, h("p", null, h("b", null, many(total, "article")), h("span", { className: "muted" }, found.step > 1 ? `, a bar for ${found.step} hours` : ", a bar for an hour")),
          h("div", { className: "segments", role: "group", "aria-label": "Length of time" }, SPANS.map(([value, text]) => h("button", { type: "button", "aria-pressed": String(value === hours), onclick: () => { location.hash = `#/companies/${encodeURIComponent(issuer)}?hours=${value}`; } }, text)))),
        total > 0 ? h("div", { className: "pad stack" }, chart(found, narrow), legend(), figures(found)) : blank("Nothing was said in this time", "Choose a longer time, or look for the name in all articles.", h("a", { className: "button", href: `#/now?q=${encodeURIComponent(found.name)}` }, "Search all articles"))),
      found.marks.length > 0 && h("section", { className: "card" }, h("h2", null, "What happened"), h("ol", { className: "pick" }, found.marks.map((mark) => h("li", null, h("a", { href: `#/stories/${encodeURIComponent(mark.story)}` },
        h("span", { className: "line" }, h("span", null, words(mark.type)), ago(mark.at)), h("span", { className: "title" }, mark.title, " ", mark.score !== null && felt(mark.score)))))))),
  );
}

function figures(found) {
  const told = found.points.filter((point) => point.articles > 0).reverse();
  return h("details", null, h("summary", null, "The figures as a table"), h("div", { className: "tall", tabindex: "0", role: "region", "aria-label": "Figures" }, h("table", { className: "plain" },
    h("thead", null, h("tr", null, ["From", "Articles", "Positive", "Negative", "Sentiment"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", null, told.map((point) => h("tr", null, h("td", null, time(point.at)), h("td", null, point.articles), h("td", null, point.positive), h("td", null, point.negative), h("td", null, point.score === null ? "–" : score(point.score))))))));
}
