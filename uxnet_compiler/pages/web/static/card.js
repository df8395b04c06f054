// The card beside a node or an edge: what is known of it.
uxnet.Card = class {
  constructor(element) { this.element = element; }

  fill(fact) {
    const { make } = uxnet;
    const list = make("dl");
    for (const [name, value] of fact.rows || []) list.append(make("dt", {}, name), make("dd", {}, value));
    this.element.replaceChildren(make("h4", {}, fact.title), list, ...uxnet.bars(fact.bars || []));
  }

  show(fact, rect) {
    this.fill(fact);
    this.element.hidden = false;
    this.height = scrollY; // of the page: when it scrolls on, the card is left behind
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const gap = 10;
    const { clientWidth, clientHeight } = document.documentElement;
    const right = rect.right + gap + width <= clientWidth;
    const left = right ? rect.right + gap : rect.left - gap - width;
    const top = rect.top + rect.height / 2 - height / 2;
    const inside = (value, most) => Math.max(6, Math.min(value, most - 6));
    const isBeside = right || rect.left - gap - width >= 0;
    this.element.style.left = `${inside(isBeside ? left : rect.left, clientWidth - width)}px`;
    this.element.style.top = `${inside(isBeside ? top : rect.bottom + gap, clientHeight - height)}px`;
  }

  hide() { this.element.hidden = true; }
};

// Small bars of shares: the candidates of a choice.
uxnet.bars = (bars) => bars.map(({ name, share, chosen }) => {
  const { make } = uxnet;
  const width = Math.round(share * 1000) / 10;
  const svg = make("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  svg.append(make("rect", { width, height: 10 }));
  const row = make("div", { class: chosen ? "bar-row is-chosen" : "bar-row" });
  row.append(make("span", {}, name), svg, make("span", {}, share.toFixed(2)));
  return row;
});
