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
