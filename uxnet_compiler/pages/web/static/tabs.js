// Make tabs of panels that otherwise stand one below the other.
for (const group of document.querySelectorAll(".tabs")) {
  const panels = [...group.querySelectorAll(":scope > .tab")];
  const list = uxnet.make("div", { class: "tab-list", role: "tablist" });
  const buttons = panels.map((panel, index) => {
    panel.id ||= `${group.id}-${index}`;
    panel.setAttribute("role", "tabpanel");
    const button = uxnet.make("button", { type: "button", role: "tab", "aria-controls": panel.id }, panel.dataset.label);
    list.append(button);
    return button;
  });
  const show = (chosen) => panels.forEach((panel, index) => {
    panel.hidden = index !== chosen;
    buttons[index].setAttribute("aria-selected", String(index === chosen));
    buttons[index].tabIndex = index === chosen ? 0 : -1;
  });
  buttons.forEach((button, index) => {
    button.addEventListener("click", () => show(index));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = (index + step + buttons.length) % buttons.length;
      show(next);
      buttons[next].focus();
      event.preventDefault();
    });
  });
  panels.forEach((panel, index) => panel.addEventListener("reveal", () => show(index)));
  group.prepend(list);
  show(0);
}
