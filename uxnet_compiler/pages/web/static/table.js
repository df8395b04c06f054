// Tables sort by a click on a head; a row's name shows its part in the drawing, where there is one.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value);
  };
  const order = (a, b) => (typeof a === "number" && typeof b === "number"
    ? a - b : String(a).localeCompare(String(b), "en", { numeric: true }));

  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const isNumber = head.classList.contains("number");
    const before = head.getAttribute("aria-sort");
    // The largest number comes first: it is what one looks for.
    const first = isNumber ? "descending" : "ascending";
    const second = isNumber ? "ascending" : "descending";
    const sort = before === first ? second : first;
    heads.forEach((other) => other.setAttribute("aria-sort", other === head ? sort : "none"));
    const sign = sort === "ascending" ? 1 : -1;
    const rows = [...body.rows].map((row) => [valueOf(row, column), row]);
    rows.sort((a, b) => sign * order(a[0], b[0]));
    body.append(...rows.map((pair) => pair[1]));
    uxnet.announce(`sorted by ${head.textContent.trim()}, ${sort}`);
  }));

  const figure = document.getElementById(table.dataset.picks || "");
  if (figure?.graph) {
    const rowOf = new Map();
    for (const row of body.rows) {
      const [cell] = row.cells;
      const key = cell.textContent.trim();
      if (!figure.graph.nodes.has(key) && !figure.graph.edges.has(key)) continue;
      const button = uxnet.make("button", { type: "button", title: "Show in the drawing" }, key);
      cell.replaceChildren(button);
      button.addEventListener("click", () => {
        figure.dispatchEvent(new CustomEvent("reveal", { bubbles: true }));
        figure.graph.pick(key);
        figure.scrollIntoView({ block: "nearest", behavior: uxnet.isCalm() ? "auto" : "smooth" });
      });
      rowOf.set(key, row);
    }
    figure.addEventListener("pick", (event) => {
      for (const [key, row] of rowOf) row.classList.toggle("is-picked", key === event.detail);
    });
  }
}
