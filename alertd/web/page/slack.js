// A Block Kit message as Slack renders it. Only what alertd sends: header, section, context, rich text, tables, buttons.

import { away, h } from "/page/dom.js";

const STYLES = { bold: "b", italic: "i", strike: "s", code: "code" };
const MRKDWN = /<([^<>]*)>|(?<![\w*])\*([^*\n]+)\*(?!\w)|(?<!\w)_([^_\n]+)_(?!\w)|(?<!\w)~([^~\n]+)~(?!\w)|`([^`\n]+)`/g;
const DATES = {
  "{date_short_pretty}": { month: "short", day: "numeric", year: "numeric" }, "{date_short}": { month: "short", day: "numeric", year: "numeric" },
  "{date_num}": { year: "numeric", month: "2-digit", day: "2-digit" }, "{date_long}": { weekday: "long", month: "long", day: "numeric", year: "numeric" },
  "{date}": { month: "long", day: "numeric", year: "numeric" }, "{time}": { hour: "2-digit", minute: "2-digit" }, "{time_secs}": { hour: "2-digit", minute: "2-digit", second: "2-digit" },
};

const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

function date(seconds, format, fallback) {
  const at = new Date(seconds * 1000);
  if (Number.isNaN(at.getTime())) return fallback;
  return format.replace(/{\w+}/g, (name) => (DATES[name] ? new Intl.DateTimeFormat(undefined, DATES[name]).format(at) : name));
}

function token(text) {
  if (text.startsWith("!date^")) {
    const [, seconds, format] = text.split("|")[0].split("^");
    return date(Number(seconds), format, text.split("|")[1] || "");
  }
  if (text.startsWith("@") || text.startsWith("#") || text.startsWith("!")) return h("span", { className: "mention" }, text.replace(/^!(subteam\^)?/, "@").split("|")[0]);
  const [url, said] = text.split("|");
  return away(unescape(url), unescape(said || url));
}

/** Slack's own marks: *bold*, _italic_, ~strike~, `code`, <links>, dates. */
export function mrkdwn(text) {
  const parts = [];
  let at = 0;
  for (const found of text.matchAll(MRKDWN)) {
    parts.push(unescape(text.slice(at, found.index)));
    at = found.index + found[0].length;
    const [, inside, bold, italic, strike, code] = found;
    if (inside !== undefined) parts.push(token(inside));
    else if (bold !== undefined) parts.push(h("b", null, unescape(bold)));
    else if (italic !== undefined) parts.push(h("i", null, unescape(italic)));
    else if (strike !== undefined) parts.push(h("s", null, unescape(strike)));
    else parts.push(h("code", null, unescape(code)));
  }
  parts.push(unescape(text.slice(at)));
  return parts;
}

const object = (text) => (text.type === "mrkdwn" ? mrkdwn(text.text) : text.text);

function piece(one) {
  let found;
  if (one.type === "link") found = away(one.url, one.text || one.url);
  else if (one.type === "date") found = date(one.timestamp, one.format, one.fallback || "");
  else if (one.type === "emoji") found = `:${one.name}:`;
  else if (one.type === "text") found = one.text;
  else found = h("span", { className: "mention" }, `@${one.user_id || one.usergroup_id || one.range || ""}`);
  for (const [name, tag] of Object.entries(STYLES)) if (one.style && one.style[name]) found = h(tag, null, found);
  return found;
}

const rich = (block) => block.elements.map((section) => h("div", null, (section.elements || []).map(piece)));
const cell = (one) => h("td", null, one.type === "raw_text" ? one.text : rich(one));

function block(one) {
  switch (one.type) {
    case "header": return h("p", { className: "header" }, one.text.text);
    case "section": return h("p", null, one.text && object(one.text), (one.fields || []).map((field) => h("span", null, object(field))));
    case "context": return h("p", { className: "context" }, one.elements.filter((e) => e.type !== "image").map((e) => h("span", null, object(e))));
    case "rich_text": return h("div", { className: "rich" }, rich(one));
    case "table": return h("div", { className: "scroll", tabindex: "0", role: "region", "aria-label": "Table of the message" }, h("table", null, h("tbody", null, one.rows.map((row) => h("tr", null, row.map(cell))))));
    case "actions": return h("div", { className: "presses", "aria-label": "Buttons of the message", role: "group" }, one.elements.map((e) => h("span", { className: "press" }, e.type === "overflow" ? "•••" : e.text.text)));
    case "divider": return h("hr");
    default: return h("p", { className: "context" }, `(${one.type})`);
  }
}

/** The message, in a frame like Slack's. */
export function message(found, at) {
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" }).format(new Date(at * 1000));
  return h(
    "div", { className: "slack" }, h("img", { src: "/page/icon.svg", alt: "" }),
    h("div", null, h("p", null, h("span", { className: "who" }, "alertd"), h("span", { className: "app" }, "APP"), h("span", { className: "at" }, clock)),
      h("div", { className: "blocks" }, found.blocks.length ? found.blocks.map(block) : h("p", null, mrkdwn(found.text)))),
  );
}
