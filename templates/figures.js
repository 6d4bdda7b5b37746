// Numbers as in templates/numbers.py, intervals as in evalcore/intervals.py.
const find = (what, where = document) => where.querySelector(what);
const all = (what, where = document) => [...where.querySelectorAll(what)];
const data = JSON.parse(find("#data").textContent);
const { labels, weighted, costs, true_positive: hitsAt, false_positive: wrongAt } = data;
document.documentElement.classList.add("js");

// --- How numbers are written

// As Python rounds: a tie, x · 2^(d+1) being odd, to even.
function rounded(x, decimals) {
  const halves = x * 2 ** (decimals + 1), below = Math.floor(x * 10 ** decimals);
  const tie = Number.isInteger(halves) && halves % 2;
  return (tie ? (below + below % 2) / 10 ** decimals : x).toFixed(decimals);
}
const fixed = (x, decimals) => rounded(x, decimals).replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ",");
const sum = (parts) => parts.flat().reduce((whole, part) => whole + part, 0);
const none = "–";
const count = (n) => n && (n < 0.005 || n >= 1e15) ? n.toExponential(2) : fixed(n, Number.isInteger(n) ? 0 : n < 10 ? 2 : 1);
const digits = (ends) => ends && ends[1] > ends[0] && ends[1] - ends[0] < 0.001 ? 4 : 3;
function figure(value, ends) {
  if (value === null) return none;
  let decimals = digits(ends);
  while (decimals < 6 && value !== 0 && value !== 1 && [0, 1].includes(+rounded(value, decimals))) decimals += 1;
  return fixed(value, decimals);
}
const span = (ends) => ends ? ends.map((end) => fixed(end, digits(ends))).join("–") : "";
function share(part, whole) {
  if (!whole) return none;
  const percent = 100 * part / whole;
  if (part && percent < 0.05) return "<0.1%";
  return part < whole && percent >= 99.95 ? ">99.9%" : `${fixed(percent, 1)}%`;
}
// Tenths of a per cent that add up to 100.
function shares(parts) {
  const whole = sum(parts);
  if (!whole) return parts.map(() => none);
  const exact = parts.map((part) => 1000 * part / whole);
  const tenths = exact.map(Math.floor);
  const lost = parts.map((_, i) => i).sort((i, j) => (tenths[i] - exact[i]) - (tenths[j] - exact[j]) || i - j);
  lost.slice(0, 1000 - sum(tenths)).forEach((i) => { tenths[i] += 1; });
  return parts.map((part, i) =>
    part === 0 ? "0%" : part === whole ? "100%" : `${Math.floor(tenths[i] / 10)}.${tenths[i] % 10}%`);
}
const steps = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.8];
function shade(part, whole) {
  if (!part || !whole) return 0;
  const at = steps.findIndex((step) => part <= step * whole);
  return at < 0 ? 10 : at + 1;
}
const gainText = (gain) => gain < 0.00005 ? "<0.0001" : `+${fixed(gain, 4)}`;

// --- Figures of four counts

const z = 1.959963984540054;
function wilson(part, whole) {
  if (!whole || weighted) return null;
  const p = part / whole, s = z * z / whole;
  const centre = (p + s / 2) / (1 + s);
  const half = Math.sqrt(s * p * (1 - p) + s * s / 4) / (1 + s);
  return [p ? Math.min(Math.max(centre - half, 0), p) : 0, p === 1 ? 1 : Math.max(Math.min(centre + half, 1), p)];
}
const rate = (part, whole) => ({ value: whole ? part / whole : null, ends: wilson(part, whole) });
function f1(hits, wrong) {
  const ends = wilson(hits, hits + wrong);
  return { value: hits + wrong ? 2 * hits / (2 * hits + wrong) : null, ends: ends && ends.map((e) => 2 * e / (1 + e)) };
}
// Rows at which the interval of a recall like this is ± 5 points.
function needed(recall) {
  const p = recall === null ? 0.5 : recall, h = 0.05 * 0.05, v = p * (1 - p);
  const a = h - 0.25, b = 2 * h - v;
  return Math.ceil(z * z / ((-b - Math.sqrt(b * b - 4 * a * h)) / (2 * a)) - 1e-9);
}

// --- Building what is shown

function element(tag, text = "", properties = {}) {
  return Object.assign(document.createElement(tag), { textContent: text }, properties);
}
const controls = /[\p{Cc}\p{Cs}\p{Cn}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]/gu;
const name = (label) => element("bdi", label.replace(controls, "\ufffd"));
const short = (x) => String(+rounded(x, 2));
function bar({ value, ends }) {
  const wide = ends && Math.max(100 * (ends[1] - ends[0]), 0.6);
  const band = ends ? `<rect class="band" x="${short(Math.min(100 * ends[0], 100 - wide))}" y="2" width="${short(wide)}" height="4"/>` : "";
  const at = short(Math.min(Math.max(value * 100 - 0.75, 0), 98.5));
  return `<svg class="bar" aria-hidden="true" viewBox="0 0 100 8" preserveAspectRatio="none"><rect class="track" y="3.5" width="100" height="1"/>${band}<rect class="mark" x="${at}" width="1.5" height="8"/></svg>`;
}

// What a page had at first stands again when the threshold in force does.
const first = new Map();
function keep(made) {
  if (made && !first.has(made)) first.set(made, made.cloneNode(true));
  return made;
}
function restore() {
  first.forEach((was, made) => {
    made.replaceChildren(...was.cloneNode(true).childNodes);
    [...was.attributes].forEach((each) => made.setAttribute(each.name, each.value));
  });
}
