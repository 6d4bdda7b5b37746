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
