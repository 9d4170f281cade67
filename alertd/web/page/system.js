// System: what is wrong, what waits, who works where, and what was set aside.

import { end, get, post } from "/page/api.js";
import { ago, blank, failed, h, head, many, number, rows, show, span, time, unless } from "/page/dom.js";

const EVERY = 5000;
const DEAD = [{ name: "When" }, { name: "Stage" }, { name: "What" }, { name: "Why" }, { name: "Way back" }];

export async function view(root, { signal }) {
  const body = h("div", { className: "sections" });
  const held = h("section", { className: "card", "aria-labelledby": "silences" });
  async function load() {
    const found = await get("/api/system", {}, signal);
    show(body, ...parts(found));
  }
  async function silences() {
    const { items } = await get("/api/silences", {}, signal);
    show(held, h("h2", { id: "silences" }, "Silences"), items.length ? h("dl", { className: "facts" }, items.map((one) => h("div", null, h("dt", null, h("code", null, one.id)), h("dd", { className: "bar" }, h("div", null, h("b", null, one.words), h("p", { className: "sub" }, `${one.why}, by ${one.by || "nobody"}`)),
      one.holds ? h("div", { className: "actions" }, h("span", { className: "badge mind" }, `${span(one.until - Date.now() / 1000)} more`), h("button", { type: "button", onclick: async () => {
        try {
          await end(`/api/silences/${encodeURIComponent(one.id)}`);
          await silences();
        } catch (error) {
          show(held, failed(error, silences));
        }
      } }, "End", h("span", { className: "hidden" }, ` silence ${one.id}`))) : h("span", { className: "muted small" }, "ended ", ago(one.until)))))) : blank("No silence holds", "Silence a company or a rule from an alert, or by alertd silence add.", h("a", { className: "button", href: "#/alerts" }, "See the alerts")));
  }
  await load();
  await silences();
  show(root, head("System", "How alertd itself does."), h("div", { className: "sections" }, body, held));
  const timer = setInterval(() => load().catch(unless(body, load)), EVERY);
  signal.addEventListener("abort", () => clearInterval(timer));
}

function again(one) {
  const said = h("p", { className: "sub", role: "status" });
  return h("div", null, h("button", { type: "button", onclick: async (event) => {
    event.target.disabled = true;
    try {
      show(said, (await post(`/api/dead/${encodeURIComponent(one.id)}/replay`, {})).words);
    } catch (error) {
      show(said, `${error.message}. ${error.hint}`);
    }
  } }, "Put back", h("span", { className: "hidden" }, ` ${one.title || one.article}`)), said);
}

function parts(found) {
  const broken = found.parts.filter((part) => !part.ok);
  const wrong = found.troubles.length ? found.troubles : broken.map((part) => `${part.name}: ${part.detail || "does not work"}`);
  const fact = (name, value) => h("div", null, h("dt", null, name), h("dd", null, value));
  const tile = (name, value) => h("div", { className: "card tile" }, h("dt", null, name), h("dd", null, value));
  return [
    wrong.length ? h("div", { className: "notice bad" }, h("strong", null, `${many(wrong.length, "thing is", "things are")} wrong`), h("ul", null, wrong.map((line) => h("li", null, line)))) : h("p", { className: "notice good" }, "All is well."),
    h("dl", { className: "tiles" }, tile("Articles", number(found.counts.articles)), tile("Stories", number(found.counts.stories)), tile("Messages posted", number(found.counts.posted)), tile("Dead letters", number(found.dead_total)), tile("Archive", `${number(found.archive.bytes / 1e6)} MB`), tile("Redis", `${number(found.memory_mb)} MB`), tile("Pages open", found.clients)),
    h("div", { className: "two" },
      h("section", { className: "card" }, h("h2", null, "What waits"), h("dl", { className: "facts" }, Object.entries(found.stages).map(([name, count]) => fact(`to ${name}`, many(count, "article"))), Object.entries(found.outboxes).map(([name, count]) => fact(name, many(count, "message"))), Object.entries(found.later).map(([at, count]) => fact("held until", [time(Number(at)), `: ${many(count, "alert")}`])))),
      h("section", { className: "card" }, h("h2", null, "Parts of this process"), h("dl", { className: "facts" }, found.parts.map((part) => fact(part.name, [h("span", { className: `badge ${part.ok ? "good" : "bad"}` }, part.ok ? "Fine" : "Fails"), " ", h("span", { className: "muted" }, part.detail)])))),
      h("section", { className: "card" }, h("h2", null, "Who does what"), h("dl", { className: "facts" }, found.leases.map((lease) => fact(lease.name, lease.owner ? [h("code", null, lease.owner), h("span", { className: "muted small" }, `, token ${lease.token}`)] : h("span", { className: "muted" }, "nobody"))), found.processes.map((one) => fact("process", [h("code", null, one.name), h("span", { className: "muted small" }, one.here ? ", this one" : "", ", seen ", ago(one.seen))])))),
      h("section", { className: "card" }, h("h2", null, "Versions"), h("dl", { className: "facts" }, Object.entries(found.versions).map(([name, value]) => fact(name, h("code", null, value))), found.generation && fact("configuration", h("code", null, found.generation)), found.archive.since > 0 && fact("archive since", time(found.archive.since))))),
    h("section", { className: "card", "aria-label": "Dead letters" }, h("h2", null, "Dead letters"), found.dead.length ? rows("dead", DEAD, found.dead.map((one) => [time(one.at), one.stage, h("div", null, one.title || "(no title)", h("p", { className: "sub" }, h("code", null, one.article))), one.error, again(one)])) : blank("Nothing was set aside", "What fails five times on its own lands here, with its error.")),
  ];
}
