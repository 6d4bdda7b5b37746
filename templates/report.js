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

// --- The threshold

const slider = find("#threshold");
const unit = (n) => n === 1 ? "row" : "rows";

const yes = data.positive, no = 1 - yes;

function matrixAt(i) {
  const positive = [hitsAt[0] - hitsAt[i], hitsAt[i]], negative = [wrongAt[0] - wrongAt[i], wrongAt[i]];
  return yes ? [negative, positive] : [positive.reverse(), negative.reverse()];
}
const four = (matrix) => ({ hits: matrix[yes][yes], wrong: matrix[no][yes], missed: matrix[yes][no], clear: matrix[no][no] });

const cells = slider ? labels.map((actual) => labels.map((predicted) =>
  keep(all("#confusion-matrix td[data-count]").find((td) =>
    td.dataset.actual === actual && td.dataset.predicted === predicted)))) : [];
const sums = slider ? all("#confusion-matrix tfoot .sum").map(keep) : [];
const labelRows = slider ? labels.map((label) =>
  all("#per-class tbody tr").find((tr) => tr.dataset.label === label)) : [];
labelRows.forEach((tr) => [...tr.cells].slice(1).forEach(keep));

function showMatrix(matrix) {
  matrix.forEach((row, i) => {
    const said = shares(row), support = sum(row);
    row.forEach((n, j) => {
      const td = cells[i][j];
      td.dataset.count = n;
      td.className = `h${shade(n, support)}${i === j ? " right" : ""}`;
      td.innerHTML = `<b>${count(n)}</b> <small>${said[j]}</small>`;
    });
  });
  sums.slice(0, 2).forEach((td, j) => { td.textContent = count(matrix[0][j] + matrix[1][j]); });
  const right = matrix[0][0] + matrix[1][1], whole = sum(matrix);
  say("#right-sentence", `${count(right)} of ${count(whole)} rows (${share(right, whole)})`);
  const i = +(matrix[1][0] > matrix[0][1]), most = matrix[i][1 - i];
  say("#largest-sentence", ...(most
    ? ["The largest confusion: ", name(labels[i]), " predicted as ", name(labels[1 - i]), `, ${count(most)} ${unit(most)}.`]
    : ["There are no errors."]));
}
function say(where, ...what) {
  const place = find(where);
  if (place) keep(place).replaceChildren(...what);
}

function showLabels(matrix) {
  labelRows.forEach((tr, i) => {
    const hits = matrix[i][i], support = sum(matrix[i]), predicted = matrix[0][i] + matrix[1][i];
    const recall = rate(hits, support);
    const figures = [
      [f1(hits, support + predicted - 2 * hits), "no row is actually or predicted "],
      [rate(hits, predicted), "no row is predicted "],
      [recall, "no row is actually "],
    ];
    figures.forEach(([found, why], at) => {
      const td = tr.cells[at + 1], there = found.value !== null, small = there ? span(found.ends) : why;
      td.innerHTML = figure(found.value, found.ends) + (small && ` <small>${small}</small>`) + (there ? bar(found) : "");
      if (!there) td.lastChild.append(name(labels[i]));
    });
    const rows = needed(recall.value);
    tr.cells[5].textContent = count(predicted);
    tr.cells[6].innerHTML = count(rows) + (rows > support ? " <small>too few yet</small>" : "");
  });
}

const confusions = slider && keep(find("#confusions tbody"));
function showConfusions(matrix) {
  if (!confusions) return;
  const errors = matrix[0][1] + matrix[1][0];
  const found = [0, 1].map((i) => ({ i, j: 1 - i, n: matrix[i][1 - i], most: gain(matrix, i) }));
  const shown = found.filter((each) => each.n).sort((one, other) => other.most - one.most);
  confusions.replaceChildren(...shown.map(({ i, j, n, most }) => {
    const tr = element("tr"), [actual, predicted] = [labels[i], labels[j]];
    const texts = [count(n), share(n, sum(matrix[i])), share(n, errors), gainText(most)];
    Object.assign(tr.dataset, { actual, predicted, count: n });
    tr.innerHTML = '<th scope="row"></th><td class="name"></td>';
    tr.append(...texts.map((text) => element("td", text, { className: "n" })));
    tr.cells[0].append(name(actual));
    tr.cells[1].append(name(predicted));
    return tr;
  }));
  offerExamples();
  say("#confusions-sentence", shown.length === 2 ? `Both kinds of error; ${count(errors)} errors together.`
    : shown.length ? "There is one kind of error." : "There are no errors.");
}
// By how much weighted F1 would rise were the rows of actual label i all right.
function gain(matrix, i) {
  const j = 1 - i, n = matrix[i][j];
  const support = matrix.map(sum);
  const size = support.map((rows, k) => rows + matrix[0][k] + matrix[1][k]);
  const part = (above, below) => below ? 2 * above / below : 0;
  const mine = part(matrix[i][i] + n, size[i] + n) - part(matrix[i][i], size[i]);
  const theirs = part(matrix[j][j], size[j] - n) - part(matrix[j][j], size[j]);
  return (mine * support[i] + theirs * support[j]) / sum(matrix);
}

const markers = [["#roc", "false", "recall"], ["#precision-recall", "recall", "precision"]].map(([id, x, y]) =>
  ({ svg: find(`${id} svg`), ring: keep(find(`${id} .operating-point`)), ends: keep(find(`${id} .whiskers`)), x, y }))
  .filter(({ ring }) => ring);
const line = keep(find(".threshold-line"));
function showMarkers(matrix, threshold) {
  const { hits, wrong, missed, clear } = four(matrix);
  const rates = { recall: rate(hits, hits + missed), false: rate(wrong, wrong + clear), precision: rate(hits, hits + wrong) };
  markers.forEach(({ svg, ring, ends, x, y }) => {
    const [left, top, wide, tall] = svg.dataset.frame.split(" ").map(Number);
    const across = rates[x], along = rates[y];
    const there = across.value !== null && along.value !== null;
    ring.setAttribute("visibility", there ? "visible" : "hidden");
    ends.setAttribute("d", "");
    if (!there) return;
    const px = (value) => short(left + value * wide), py = (value) => short(top + (1 - value) * tall);
    ring.setAttribute("cx", px(across.value));
    ring.setAttribute("cy", py(along.value));
    ends.setAttribute("d", (across.ends ? `M${px(across.ends[0])} ${py(along.value)}H${px(across.ends[1])}` : "")
      + (along.ends ? `M${px(across.value)} ${py(along.ends[0])}V${py(along.ends[1])}` : ""));
  });
  if (line) {
    const [left, top, wide, tall] = line.closest("svg").dataset.frame.split(" ").map(Number);
    line.setAttribute("d", `M${short(left + threshold * wide)} ${top}V${top + tall}`);
  }
}

const costOf = (kind) => Math.max(0, +find(`#cost-${kind}`).value || 0);
function showCost(matrix) {
  const { wrong, missed } = four(matrix);
  find("#cost").textContent = count(costOf("false-positive") * wrong + costOf("false-negative") * missed);
}
let leastCost = find("#recommended [data-point=least_cost]");
const chosenElsewhere = leastCost && find("abbr", leastCost).hidden;
function addLeastCost() {
  leastCost = find("#recommended").appendChild(element("button", "", { type: "button" }));
  leastCost.innerHTML = 'Least cost<abbr title="chosen on the split that is reported">*</abbr> <b></b>';
  leastCost.dataset.point = "least_cost";
}
// The costs in the settings have a point chosen before; for others it is the best of the rows shown here.
function moveLeastCost() {
  const wrong = costOf("false-positive"), missed = costOf("false-negative");
  const given = costs && data.least_cost !== null
    && costs.false_positive === wrong && costs.false_negative === missed;
  const cost = hitsAt.map((hits, i) => wrong * wrongAt[i] + missed * (hitsAt[0] - hits));
  const far = (i) => Math.abs(2 * i - 1000);
  const best = cost.reduce((b, n, i) => n < cost[b] || (n === cost[b] && far(i) < far(b)) ? i : b, 0);
  const at = given ? data.least_cost : best / 1000;
  if (!leastCost) addLeastCost();
  find("abbr", leastCost).hidden = given && chosenElsewhere;
  leastCost.dataset.threshold = at;
  leastCost.ariaPressed = String(shown !== data.stored && at === +slider.value);
  find("b", leastCost).textContent = at;
  find("#in-sample").hidden = !find("#recommended abbr:not([hidden])");
}

let shown = data.stored;
function show(matrix, threshold, inForce) {
  shown = matrix;
  if (inForce) {
    restore();
    offerExamples();
  } else {
    showMatrix(matrix);
    showLabels(matrix);
    showConfusions(matrix);
    showMarkers(matrix, threshold);
  }
  showExamples(threshold, inForce);
  showCost(matrix);
  find("#threshold-value").textContent = fixed(threshold, 3);
  find("#threshold-reset").hidden = inForce;
  all("#recommended button").forEach((each) => { each.ariaPressed = String(!inForce && +each.dataset.threshold === threshold); });
  find("#threshold-state").textContent = inForce ? stateInForce
    : `A what-if: verdict, gates and main figures stay as they are.${weighted ? " Of weighted rows no intervals are known here." : ""}`;
}
const stateInForce = slider && find("#threshold-state").textContent;
function move() {
  show(matrixAt(Math.round(+slider.value * 1000)), +slider.value, false);
}
if (slider) {
  slider.addEventListener("input", move);
  find("#recommended").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    slider.value = button.dataset.threshold;
    move();
  });
  find("#threshold-reset").addEventListener("click", () => {
    slider.value = slider.defaultValue;
    show(data.stored, +slider.value, true);
    slider.focus();
  });
  find(".costs").addEventListener("input", () => {
    moveLeastCost();
    showCost(shown);
  });
}

// --- Examples of a cell

const rows = all("#examples tbody tr").map((tr) => ({
  tr, score: "score" in tr.dataset ? +tr.dataset.score : null,
  predicted: keep(slider ? tr.cells[2] : null), was: tr.dataset.predicted,
}));
const table = find("#confusion-matrix table");
let chosen = null;

function showExamples(threshold, inForce) {
  if (!rows.length) return;
  rows.forEach((row) => {
    if (row.score === null) return;
    const { tr } = row;
    const label = inForce ? row.was : labels[row.score >= threshold ? yes : no];
    if (tr.dataset.predicted === label) return;
    tr.dataset.predicted = label;
    if (inForce) return;
    const wrong = label === tr.dataset.actual ? [] : [element("b", "✕ ", { className: "wrong", ariaHidden: "true" })];
    row.predicted.replaceChildren(...wrong, name(label));
  });
  // Errors first, the surest at the top; without a score last.
  const rank = ({ tr, score }) => {
    const i = labels.indexOf(tr.dataset.actual), j = labels.indexOf(tr.dataset.predicted);
    return [i === j, score === null ? 1 : j === yes ? -score : score - 1, i];
  };
  const ranked = rows.map((row) => ({ ...row, key: rank(row) })).sort((one, other) => {
    const k = one.key.findIndex((part, at) => part !== other.key[at]);
    return k < 0 ? 0 : one.key[k] - other.key[k];
  });
  const body = find("#examples tbody");
  if (ranked.some(({ tr }, at) => tr !== body.rows[at])) body.append(...ranked.map(({ tr }) => tr));
  unsort(find("#examples table"));
  filter();
}

function filter() {
  const matches = ({ actual, predicted }) => !chosen || (actual === chosen.actual && predicted === chosen.predicted);
  let n = 0;
  rows.forEach(({ tr }) => {
    tr.hidden = !matches(tr.dataset);
    n += !tr.hidden;
  });
  const cell = chosen && all("#confusion-matrix td[data-count], #confusions tbody tr").find((each) => matches(each.dataset));
  const rowsOfCell = cell ? +cell.dataset.count : 0;
  const say = (where, otherwise) => where.replaceChildren(...(chosen ? ["Only ", name(chosen.actual), " predicted as ",
    name(chosen.predicted), `: ${count(n)} of ${count(rowsOfCell)} ${unit(rowsOfCell)}.`] : [otherwise]));
  say(find("#examples-filter"), "");
  find("#examples-clear").hidden = !chosen;
  if (table) say(find("#matrix-filter"), "Choose a cell to see its rows among the examples.");
  const mark = (each, what, of) => { each[what] = String(Boolean(chosen) && matches(of.dataset)); };
  all("#confusion-matrix td[data-count]").forEach((td) => mark(td, "ariaSelected", td));
  all("#confusions tbody button").forEach((each) => mark(each, "ariaPressed", each.closest("tr")));
}
function choose({ actual, predicted }) {
  const same = chosen && chosen.actual === actual && chosen.predicted === predicted;
  chosen = same ? null : { actual, predicted };
  filter();
}

if (table && rows.length) {
  const side = find("thead tr:last-child", table).cells.length - 2;
  const grid = all("td[data-count]", table);
  table.setAttribute("role", "grid");
  grid.forEach((td, i) => {
    td.tabIndex = i ? -1 : 0;
    td.ariaSelected = "false";
  });
  table.addEventListener("click", (event) => {
    const td = event.target.closest("td[data-count]");
    if (td) choose(td.dataset);
  });
  table.addEventListener("focusin", (event) => grid.forEach((td) => { td.tabIndex = td === event.target ? 0 : -1; }));
  table.addEventListener("keydown", (event) => {
    const at = grid.indexOf(event.target);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - side, ArrowDown: at + side }[event.key];
    if (at < 0 || (to === undefined && event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    if (to === undefined) choose(event.target.dataset);
    else if (grid[to]) grid[to].focus();
  });
}
// A confusion of which there are examples has its count as a button.
function offerExamples() {
  const there = new Set(rows.map(({ tr }) => JSON.stringify([tr.dataset.actual, tr.dataset.predicted])));
  all("#confusions tbody tr").forEach((tr) => {
    const td = tr.cells[2];
    if (!there.has(JSON.stringify([tr.dataset.actual, tr.dataset.predicted])) || find("button", td)) return;
    td.replaceChildren(element("button", td.textContent,
      { type: "button", className: "plain", title: "Show its examples", ariaPressed: "false" }));
  });
}
if (rows.length) {
  offerExamples();
  find("#confusions")?.addEventListener("click", (event) => {
    const tr = event.target.closest("tbody tr");
    if (tr) choose(tr.dataset);
  });
  find("#examples-clear").addEventListener("click", () => {
    choose(chosen);
    find("#examples .scroll").focus();
  });
}

find("#matrix-mode")?.addEventListener("change", (event) => table.classList.toggle("as-shares", event.target.checked));

// --- Sorting

const unsort = (sorted) => all("th", sorted).forEach((th) => { th.ariaSort = null; });
function sort(th) {
  const sorted = th.closest("table"), body = find("tbody", sorted), numeric = th.classList.contains("n");
  const before = th.ariaSort, falling = before ? before === "ascending" : numeric;
  const value = (tr) => {
    const text = tr.cells[th.cellIndex].textContent;
    return numeric ? parseFloat(text.replace(/[,<>]/g, "").replace("−", "-")) : text;
  };
  const compare = numeric ? (one, other) => one - other : (one, other) => one.localeCompare(other, "en", { numeric: true });
  // What has no value comes last either way.
  const keyed = [...body.rows].map((tr) => [value(tr), tr]);
  keyed.sort(([a], [b]) => Number.isNaN(a) - Number.isNaN(b) || (falling ? compare(b, a) : compare(a, b)));
  body.append(...keyed.map(([, tr]) => tr));
  unsort(sorted);
  th.ariaSort = falling ? "descending" : "ascending";
}
all("table[data-sortable] thead th").forEach((th) => {
  const button = element("button", "", { type: "button", className: "sort" });
  button.append(...th.childNodes);
  th.append(button);
  button.addEventListener("click", () => sort(th));
});
