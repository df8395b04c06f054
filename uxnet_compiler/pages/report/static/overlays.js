// Slices of a case: sliders choose the slice, a list chooses which labels are outlined.
for (const bar of document.querySelectorAll(".overlay-bar")) {
  const select = bar.querySelector(".overlay-label");
  const planes = bar.parentElement.querySelectorAll(".plane");
  const shows = [...planes].map((plane) => {
    const data = JSON.parse(plane.querySelector("script").textContent);
    const slider = plane.querySelector("input");
    const output = plane.querySelector("output");
    const image = plane.querySelector("image");
    const [columns, width, height] = ["columns", "width", "height"].map((name) => Number(plane.dataset[name]));
    const show = () => {
      const at = slider ? Number(slider.value) : 0;
      image.setAttribute("x", -(at % columns) * width);
      image.setAttribute("y", -Math.floor(at / columns) * height);
      const wanted = !select || select.value === "all" ? null : Number(select.value);
      for (const kind of ["truth", "found"]) {
        const paths = data[kind][at];
        plane.querySelector(`path.${kind}`).setAttribute("d", wanted === null ? paths.join("") : paths[wanted]);
      }
      if (slider) {
        output.textContent = data.places[at];
        slider.setAttribute("aria-valuetext", `slice ${data.places[at]}`);
      }
    };
    slider?.addEventListener("input", show);
    return show;
  });
  select?.addEventListener("change", () => shows.forEach((show) => show()));
}
