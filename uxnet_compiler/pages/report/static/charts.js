// Say what the pointer is at in a chart: the nearest moment of each line, or the nearest of many lines.
for (const figure of document.querySelectorAll(".chart")) {
  const source = figure.querySelector(".chart-data");
  if (!source) continue;
  const data = JSON.parse(source.textContent);
  const view = figure.querySelector(".chart-view");
  const svg = view.querySelector("svg");
  const cursor = uxnet.make("path", { class: "cursor", visibility: "hidden" });
  const now = uxnet.make("div", { class: "chart-now", hidden: "" });
  svg.append(cursor);
  view.append(now);
  const MANY = 8;

  const along = ([low, high, start, end], value) => start + ((value - low) / (high - low)) * (end - start);
  const nearest = (line, x) => {
    let [from, to] = [0, line.x.length - 1];
    while (to - from > 1) {
      const middle = (from + to) >> 1;
      if (line.x[middle] < x) from = middle; else to = middle;
    }
    return x - line.x[from] < line.x[to] - x ? from : to;
  };

  const clear = () => {
    now.hidden = true;
    cursor.setAttribute("visibility", "hidden");
    svg.querySelectorAll(".is-nearest").forEach((line) => line.classList.remove("is-nearest"));
  };

  const show = (event) => {
    clear();
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    const [low, high, left, right] = data.x;
    if (at.x < left - 8 || at.x > right + 8) return;
    const x = low + ((at.x - left) / (right - left)) * (high - low);
    const told = data.lines.map((line, number) => {
      const place = nearest(line, x);
      return { name: line.name, x: line.x[place], y: line.y[place], number };
    });
    let shown = told;
    if (told.length > MANY) {
      const distance = (each) => Math.abs(along(data.y, each.y) - at.y);
      shown = [told.reduce((best, each) => (distance(each) < distance(best) ? each : best))];
      svg.querySelector(`[data-line="${shown[0].number}"]`).classList.add("is-nearest");
    }
    const step = shown[0].x;
    const place = along(data.x, step);
    cursor.setAttribute("d", `M${place} ${data.y[3]}V${data.y[2]}`);
    cursor.setAttribute("visibility", "visible");
    now.replaceChildren(`step ${step}`, ...shown.flatMap(({ name, y }) => [uxnet.make("br"), `${name} ${y}`]));
    now.hidden = false;
    const frame = svg.getBoundingClientRect();
    const offset = (place / svg.viewBox.baseVal.width) * frame.width;
    const isLate = offset > frame.width / 2;
    now.style.left = `${isLate ? offset - now.offsetWidth - 8 : offset + 8}px`;
    now.style.top = `${Math.max(0, event.clientY - frame.top - now.offsetHeight - 8)}px`;
  };

  svg.addEventListener("pointermove", show);
  svg.addEventListener("pointerdown", show);
  svg.addEventListener("pointerleave", clear);
}
