// Filter, search and sort the cards; what is chosen stands in the address, so a view can be shared.
uxnet.Cards = class {
  constructor(form) {
    this.form = form;
    this.list = document.querySelector(".cards");
    this.cards = [...this.list.children].map((element) => ({
      element,
      ...element.dataset,
      ...Object.fromEntries(["params", "macs", "levels"].map((key) => [key, Number(element.dataset[key])])),
      said: element.dataset.text.toLowerCase(),
    }));
    this.count = document.querySelector(".count output");
    this.nothing = document.querySelector(".nothing");
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => this.chosen());
    for (const button of [form.querySelector("button"), this.nothing.querySelector("button")]) {
      button.addEventListener("click", () => {
        form.reset();
        this.chosen();
        form.elements.q.focus();
      });
    }
    addEventListener("hashchange", () => this.recall());
    this.recall();
  }

  // Fill the form with what the address says.
  recall() {
    const said = new URLSearchParams(location.hash.slice(1));
    this.form.reset();
    for (const [name, value] of said) {
      const field = this.form.elements.namedItem(name);
      if (field && "value" in field) field.value = value;
      if (field?.selectedIndex < 0) field.selectedIndex = 0; // a value that is none of the list's
    }
    this.show();
  }

  chosen() {
    const said = String(new URLSearchParams([...new FormData(this.form)].filter(([, value]) => value)));
    history.replaceState(null, "", said ? `#${said}` : location.pathname + location.search);
    this.show();
  }

  show() {
    const wanted = Object.fromEntries(new FormData(this.form));
    const words = wanted.q.toLowerCase().split(/\s+/).filter(Boolean);
    const from = Number(wanted.from) * 1e6;
    const to = wanted.to === "" ? Infinity : Number(wanted.to) * 1e6;
    const fits = (card) => ["family", "axes", "task"].every((key) => !wanted[key] || wanted[key] === card[key])
      && card.params >= from && card.params <= to && words.every((word) => card.said.includes(word));
    let shown = 0;
    for (const card of this.cards) {
      const isShown = fits(card);
      card.element.hidden = !isShown;
      shown += isShown;
    }
    this.sort(wanted.sort);
    this.nothing.hidden = shown > 0;
    const text = `${shown} of ${this.cards.length} shown`;
    if (this.count.textContent !== text) this.count.textContent = text;
  }

  // By name is the order that the cards came in; others keep it among equals.
  sort(key) {
    if (key === this.sorted) return;
    this.sorted = key;
    const sign = key.startsWith("-") ? -1 : 1;
    const by = key.replace("-", "");
    const cards = by ? [...this.cards].sort((a, b) => sign * (a[by] - b[by])) : this.cards;
    this.list.append(...cards.map((card) => card.element));
  }
};

// The two cards that are marked for a comparison; a third takes the place of the first.
uxnet.Tray = class {
  constructor(element) {
    this.element = element;
    this.boxes = [...document.querySelectorAll(".pick input")];
    this.picked = [];
    for (const box of this.boxes) {
      box.checked = false; // a browser may remember another visit
      box.closest(".pick").hidden = false;
      box.addEventListener("change", () => this.toggle(box));
    }
    element.querySelector("button").addEventListener("click", () => {
      const [first] = this.picked;
      this.picked = [];
      this.show();
      first.focus();
    });
  }

  toggle(box) {
    this.picked = this.picked.filter((other) => other !== box);
    if (box.checked) this.picked = [...this.picked.slice(-1), box];
    this.show();
  }

  show() {
    for (const box of this.boxes) box.checked = this.picked.includes(box);
    this.element.hidden = !this.picked.length;
    const names = this.picked.map((box) => box.closest(".exhibit").dataset.name);
    const [a, b] = names.map((name) => uxnet.make("bdi", {}, name));
    const go = this.element.querySelector(".go");
    this.element.querySelector("p").replaceChildren(...(b ? [a, " and ", b] : a ? [a, " and another"] : []));
    const [first, second] = this.picked.map((box) => box.value);
    if (second) go.href = `compare.html#a=${first}&b=${second}`;
    go.hidden = !second;
  }
};

new uxnet.Cards(document.querySelector(".filters"));
new uxnet.Tray(document.querySelector(".tray"));
