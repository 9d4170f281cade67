// Builds elements. Text goes in as text and never as markup, whatever a feed wrote.

const SVG = "http://www.w3.org/2000/svg";
const TYPING = 300;

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else node.setAttribute(name === "className" ? "class" : name, value === true ? "" : String(value));
  }
  put(node, children);
  return node;
}

function put(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false || child === "") continue;
    node.append(child instanceof Node ? child : String(child));
  }
}

/** An element of HTML: h("p", {className: "muted"}, "text", h("b", null, "more")). */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function s(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

/** Puts other children into an element. */
export function show(node, ...children) {
  node.replaceChildren();
  put(node, children);
}

/** A link that leads away: http or https only, tells nobody where it came from. Without an address, the text alone. */
export function away(url, text, props) {
  if (!/^https?:\/\//i.test(url)) return h("span", props, text);
  return h("a", { ...props, href: url, rel: "noopener noreferrer", target: "_blank" }, text);
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hour12: false });
const seconds = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", hour12: false });
const figures = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });

/** A number as a reader reads it. */
export function number(value) {
  return figures.format(value);
}

/** "+0.42", with a real minus. */
export function score(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

/** A length of time: "12 s", "4 min", "3 h", "2 d". */
export function span(value) {
  const steps = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  for (const [size, name] of steps) {
    if (value >= size) return `${number(value >= 10 * size || name === "s" ? Math.round(value / size) : Math.round((10 * value) / size) / 10)} ${name}`;
  }
  return value > 0 ? `${Math.max(1, Math.round(value * 1000))} ms` : "0 s";
}

/** A moment: the time today, the day too if it was another; in full when pointed at. */
export function time(at, exact) {
  const date = new Date(at * 1000);
  const today = new Date().toDateString() === date.toDateString();
  const said = exact ? seconds.format(date) : clock.format(date);
  return h("time", { datetime: date.toISOString(), title: full.format(date) }, today ? said : `${day.format(date)}, ${clock.format(date)}`);
}

/** "4 min ago", in full when pointed at. */
export function ago(at) {
  const date = new Date(at * 1000);
  return h("time", { datetime: date.toISOString(), title: full.format(date) }, `${span(Math.max(0, Date.now() / 1000 - at))} ago`);
}

/** Day and hour for an axis. */
export function tick(at, long) {
  const date = new Date(at * 1000);
  return long ? day.format(date) : clock.format(date);
}

export function many(count, one, more) {
  return `${number(count)} ${count === 1 ? one : more || `${one}s`}`;
}

/** What a view says when there is nothing, and what to do next. */
export function blank(title, text, ...actions) {
  return h("div", { className: "blank" }, h("h2", null, title), h("p", null, text), actions.length > 0 && h("div", { className: "actions" }, actions));
}

const sentence = (text) => `${text[0].toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;

/** What a view says when it cannot be shown: what failed, what to do, and a way to try again. */
export function failed(error, again) {
  return h(
    "div", { className: "blank", role: "alert" },
    h("h2", null, sentence(error.message || "This cannot be shown").slice(0, -1)), h("p", null, sentence(error.hint || "The log of alertd says more")),
    again && h("div", { className: "actions" }, h("button", { type: "button", onclick: again }, "Try again")),
  );
}

/** The same in place of a part of a view, unless it failed because the view was left. */
export function unless(node, again) {
  return (error) => {
    if (error.name !== "AbortError") show(node, failed(error, again));
  };
}

/** What an action says that was not done. */
export function refused(node, error) {
  show(node, h("p", { className: "error" }, `${error.message}. ${error.hint}`));
}

/** A function that does the work once it was not called for a moment: while somebody types. */
export function settled(work) {
  let timer = 0;
  return (wait = TYPING) => {
    clearTimeout(timer);
    timer = setTimeout(work, wait);
  };
}

export function loading() {
  return h("p", { className: "loading", role: "status" }, "Loading…");
}

export function head(title, text, ...more) {
  return h("div", { className: "head" }, h("div", null, h("h1", null, title), text && h("p", null, text)), more.length > 0 && h("div", { className: "actions" }, more));
}

/** Rows with named columns: a table on a wide screen, cards on a phone; the names are read out with each value. */
export function rows(kind, columns, items) {
  const cells = (values) => values.map((value, n) => h("div", { className: columns[n].num ? "num" : undefined }, h("span", { className: "label" }, columns[n].name, " "), value));
  return h(
    "div", { className: `grid ${kind}` },
    h("div", { className: "heads", "aria-hidden": "true" }, columns.map((column) => h("span", { className: column.num ? "num" : undefined }, column.name))),
    h("ul", null, items.map((values) => h("li", null, h("div", { className: "row" }, cells(values))))),
  );
}
