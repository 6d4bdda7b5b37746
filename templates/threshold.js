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
