// Show both of two architectures, or one of them.
for (const sides of document.querySelectorAll(".sides")) {
  const figure = document.getElementById(sides.dataset.figure);
  const svg = figure.querySelector(".graph-view > svg");
  for (const stroke of svg.querySelectorAll("[data-source]")) {
    const index = stroke.id.split("_link").at(-1);
    const [mark] = ["removed", "added", "changed"].filter((name) => stroke.classList.contains(name));
    if (mark) svg.querySelector(`[data-part-of="_link${index}"]`)?.classList.add(`of-${mark}`);
  }
  const { graph } = figure;
  const all = graph.order;
  const show = () => {
    const chosen = sides.querySelector("input:checked");
    figure.dataset.side = chosen.value;
    graph.clear();
    // The keys go to what is shown alone.
    const part = (id) => graph.nodes.get(id)[0];
    graph.order = all.filter((id) => getComputedStyle(part(id)).visibility === "visible");
    graph.order.forEach((id, index) => part(id).setAttribute("tabindex", index ? "-1" : "0"));
    uxnet.announce(`showing ${chosen.parentElement.textContent.trim()}`);
  };
  sides.hidden = false;
  sides.addEventListener("change", show);
  figure.dataset.side = "both";
}
