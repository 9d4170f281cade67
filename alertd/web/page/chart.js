// Charts as SVG: volume as bars, sentiment as a line, events as marks. The same figures stand in a table beside each.

import { h, s, score, tick } from "/page/dom.js";

const WIDE = 960;
const HIGH = 280;
const EDGE = { left: 36, right: 40, top: 26, bottom: 24 };

/** Bars for articles by the hour. */
export function spark(counts, label) {
  const most = Math.max(1, ...counts);
  return s("svg", { className: "spark", viewBox: `0 0 ${counts.length * 6} 28`, role: "img", "aria-label": label, preserveAspectRatio: "none" },
    counts.map((count, n) => s("rect", { className: count > 0 ? "some" : "none", x: n * 6, width: 4, y: count > 0 ? 28 - Math.max(3, (26 * count) / most) : 26, height: count > 0 ? Math.max(3, (26 * count) / most) : 2, rx: 1 })));
}

function round(most) {
  const size = 10 ** Math.floor(Math.log10(Math.max(1, most)));
  return [1, 2, 5, 10].map((n) => n * size).find((n) => n >= most) || most;
}

/** Volume and sentiment over time, with events. */
export function chart(found, narrow) {
  const { points, marks, step } = found;
  const wide = narrow ? 350 : WIDE;
  const most = round(Math.max(2, ...points.map((p) => p.articles)));
  const inner = { wide: wide - EDGE.left - EDGE.right, high: HIGH - EDGE.top - EDGE.bottom };
  const from = points[0].at;
  const length = points.length * step * 3600;
  const x = (at) => EDGE.left + (inner.wide * (at - from)) / length;
  const y = (count) => EDGE.top + inner.high * (1 - count / most);
  const felt = (value) => EDGE.top + (inner.high * (1 - value)) / 2;
  const bar = inner.wide / points.length;
  const parts = [];
  for (const share of [0, 0.5, 1]) {
    const at = y(share * most);
    parts.push(s("line", { className: "axis", x1: EDGE.left, x2: wide - EDGE.right, y1: at, y2: at }), s("text", { x: EDGE.left - 6, y: at + 4, "text-anchor": "end" }, share * most));
  }
  for (const value of [-1, 0, 1]) parts.push(s("text", { x: wide - EDGE.right + 6, y: felt(value) + 4 }, value === 0 ? "0" : score(value).replace(".00", "")));
  for (const p of points) {
    let base = 0;
    for (const [kind, count] of [["negative", p.negative], ["neutral", p.articles - p.positive - p.negative], ["positive", p.positive]]) {
      if (count > 0) parts.push(s("rect", { className: kind, x: x(p.at) + bar * 0.12, width: Math.max(1, bar * 0.76), y: y(base + count), height: y(base) - y(base + count) }));
      base += count;
    }
  }
  let path = "";
  const told = points.filter((p) => p.score !== null);
  for (const p of told) path += `${path ? "L" : "M"}${(x(p.at) + bar / 2).toFixed(1)} ${felt(p.score).toFixed(1)}`;
  if (told.length > 1) parts.push(s("path", { className: "mood", d: path }));
  for (const p of told.length > 60 ? [] : told) parts.push(s("circle", { className: "point", cx: x(p.at) + bar / 2, cy: felt(p.score), r: 3 }));
  const ticks = narrow ? 4 : 7;
  for (let n = 0; n <= ticks; n += 1) {
    const at = from + Math.round((points.length * n) / ticks) * step * 3600;
    parts.push(s("text", { x: x(at), y: HIGH - 6, "text-anchor": n === 0 ? "start" : n === ticks ? "end" : "middle" }, tick(at, length > 2 * 86400)));
  }
  for (const mark of marks) parts.push(s("circle", { className: "mark", cx: x(from + Math.max(0, Math.floor((mark.at - from) / (step * 3600))) * step * 3600) + bar / 2, cy: 12, r: 5 }, s("title", null, `${mark.type.replaceAll("_", " ")}: ${mark.title}`)));
  return s("svg", { className: "chart", viewBox: `0 0 ${wide} ${HIGH}`, role: "img", "aria-label": `Articles about ${found.name} and their sentiment over time; the table below has the figures` }, parts);
}

export function legend() {
  return h("p", { className: "legend" }, h("span", { className: "l-up" }, "positive"), h("span", null, "neutral"), h("span", { className: "l-down" }, "negative articles"), h("span", { className: "l-mood" }, "mean sentiment, right axis"), h("span", { className: "l-mark" }, "event"));
}
