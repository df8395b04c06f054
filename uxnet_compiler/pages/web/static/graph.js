// Drawings: hover and focus say what a part is, a click shows what it depends on, a search finds it.
uxnet.Graph = class {
  constructor(figure) {
    this.figure = figure;
    this.svg = figure.querySelector(".graph-view > svg");
    this.facts = JSON.parse(figure.querySelector(".graph-facts").textContent);
    this.view = new uxnet.View(this.svg);
    this.card = new uxnet.Card(figure.querySelector(".graph-card"));
    this.nodes = new Map();
    this.edges = new Map();
    this.picked = null;
    this.found = [];
    this.gather();
    this.connect();
    this.name();
    this.listen();
  }

  // Sort what is drawn by the node or edge that it belongs to. Names with a leading _ are frames
  // and samples: no node is called so.
  gather() {
    this.svg.setAttribute("role", "group"); // an image would hide its parts
    const owners = new Map();
    for (const part of this.svg.querySelectorAll("[data-id]:not([data-id^='_'])")) {
      const { id } = part.dataset;
      part.key = id;
      owners.set(id, this.nodes);
      this.file(this.nodes, id, part);
    }
    const prefix = this.svg.querySelector("[data-id]")?.id.slice(0, -this.svg.querySelector("[data-id]").dataset.id.length) || "";
    const strokes = new Map();
    for (const part of this.svg.querySelectorAll("[data-source]")) {
      part.key = `${part.dataset.source}>${part.dataset.target}`;
      strokes.set(part.id.slice(prefix.length), part.key);
      this.file(this.edges, part.key, part);
      this.widen(part);
    }
    for (const part of this.svg.querySelectorAll("[data-part-of]")) {
      const owner = part.dataset.partOf;
      part.key = strokes.get(owner) || owner;
      const parts = strokes.has(owner) ? this.edges : this.nodes;
      if (parts.has(part.key)) this.file(parts, part.key, part);
    }
  }

  // A line is thin: let the pointer come near.
  widen(part) {
    const path = part.querySelector("path");
    if (!path) return;
    const reach = uxnet.make("path", { class: "graph-reach", d: path.getAttribute("d"), fill: "none", stroke: "transparent", "stroke-width": "11" });
    part.prepend(reach);
  }

  file(parts, key, part) {
    if (!parts.has(key)) parts.set(key, []);
    parts.get(key).push(part);
  }

  connect() {
    this.into = new Map();
    this.outOf = new Map();
    for (const key of this.edges.keys()) {
      const [source, target] = key.split(">");
      this.file(this.outOf, source, key);
      this.file(this.into, target, key);
    }
  }

  // One stop for Tab, then arrow keys: a hundred stops would be a wall.
  name() {
    this.order = [...this.nodes.keys()];
    this.order.forEach((id, index) => {
      const part = this.nodes.get(id)[0];
      part.setAttribute("role", "button");
      part.setAttribute("tabindex", index ? "-1" : "0");
      part.setAttribute("aria-pressed", "false");
      part.setAttribute("aria-label", this.spoken(this.fact(part)));
    });
    for (const parts of [this.nodes, this.edges]) {
      for (const [key, elements] of parts) {
        if (!this.factOf(key)) continue;
        for (const element of elements) element.querySelector("title")?.remove(); // the card says it
      }
    }
    for (const elements of this.edges.values()) {
      for (const element of elements) element.setAttribute("aria-hidden", "true"); // the tables have them
    }
  }

  factOf(key) { return this.facts.nodes?.[key] || this.facts.edges?.[key]; }

  fact(part) {
    return this.factOf(part.key) || { title: part.getAttribute("aria-label") || part.key, rows: [] };
  }

  spoken(fact) {
    const rows = (fact.rows || []).map(([name, value]) => `${name}: ${value}`);
    const bars = (fact.bars || []).map(({ name, share }) => `${name} ${share.toFixed(2)}`);
    return [fact.title, ...rows, ...bars].join(", ");
  }

  listen() {
    const { svg, figure } = this;
    const partOf = (event) => {
      const part = event.target.closest?.("[data-id], [data-source], [data-part-of]");
      return part?.key && (this.nodes.has(part.key) || this.edges.has(part.key)) ? this.whole(part) : null;
    };
    svg.addEventListener("pointerover", (event) => {
      const part = partOf(event);
      if (part && event.pointerType !== "touch") this.card.show(this.fact(part), this.rectOf(part, event));
    });
    svg.addEventListener("pointerout", () => this.card.hide());
    svg.addEventListener("click", (event) => {
      if (this.view.wasDragged) return;
      const part = partOf(event);
      if (!part) return this.clear();
      this.pick(part.key);
    });
    svg.addEventListener("focusin", (event) => {
      const part = partOf(event);
      if (!part?.matches(":focus-visible")) return;
      part.setAttribute("aria-label", this.spoken(this.fact(part))); // facts may have changed
      this.view.reveal(part.getBoundingClientRect());
      this.card.show(this.fact(part), part.getBoundingClientRect());
    });
    svg.addEventListener("focusout", () => this.card.hide());
    addEventListener("scroll", () => { if (this.card.height !== scrollY) this.card.hide(); }, { passive: true });
    svg.addEventListener("keydown", (event) => this.onKey(event));
    const [input] = figure.querySelectorAll(".graph-search input");
    input.addEventListener("input", () => this.search(input.value));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.next();
      if (event.key === "Escape") { input.value = ""; this.search(""); }
    });
    const acts = { in: () => this.view.zoom(1.4), out: () => this.view.zoom(1 / 1.4), fit: () => this.view.fit() };
    for (const button of figure.querySelectorAll("[data-do]")) button.addEventListener("click", acts[button.dataset.do]);
  }

  // The box of a bar in it, the line of a label.
  whole(part) { return part.dataset.partOf ? this.partOf(part.key) : part; }

  // An edge is long: its card follows the pointer.
  rectOf(part, event) {
    return part.dataset.id ? part.getBoundingClientRect() : new DOMRect(event.clientX, event.clientY, 0, 0);
  }

  onKey(event) {
    const { key } = event;
    const here = event.target.closest("[data-id]")?.dataset.id;
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (ways[key] && here) this.focus(this.beside(here, ...ways[key]));
    else if (key === "Home") this.focus(this.order[0]);
    else if (key === "End") this.focus(this.order.at(-1));
    else if ((key === "Enter" || key === " ") && here) this.pick(here);
    else if (key === "Escape") this.clear();
    else if (key === "+" || key === "=") this.view.zoom(1.4);
    else if (key === "-") this.view.zoom(1 / 1.4);
    else if (key === "0") this.view.fit();
    else return;
    event.preventDefault();
  }

  // The nearest node that way; what lies aside counts double.
  beside(here, right, down) {
    const middle = (id) => {
      const { left, top, width, height } = this.nodes.get(id)[0].getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2 };
    };
    const from = middle(here);
    let best = here;
    let least = Infinity;
    for (const id of this.order) {
      const to = middle(id);
      const ahead = (to.x - from.x) * right + (to.y - from.y) * down;
      const aside = Math.abs((to.x - from.x) * down) + Math.abs((to.y - from.y) * right);
      if (ahead > 1 && ahead + 2 * aside < least) [best, least] = [id, ahead + 2 * aside];
    }
    return best;
  }

  focus(id) {
    for (const [other, [part]] of this.nodes) part.setAttribute("tabindex", other === id ? "0" : "-1");
    this.nodes.get(id)[0].focus({ focusVisible: true });
  }

  // Everything before a node or edge and everything after it.
  lineage(key) {
    const seen = new Set();
    const walk = (start, edges, end) => {
      const todo = [start];
      const known = new Set(todo);
      while (todo.length) {
        for (const edge of edges.get(todo.pop()) || []) {
          seen.add(edge);
          const id = edge.split(">")[end];
          if (!known.has(id)) { known.add(id); todo.push(id); }
        }
      }
      known.forEach((id) => seen.add(id));
      return known.size - 1;
    };
    const [source, target = source] = key.split(">");
    if (source !== target) seen.add(key);
    return { seen, before: walk(source, this.into, 0), after: walk(target, this.outOf, 1) };
  }

  pick(key) {
    if (this.picked === key) return this.clear();
    const { seen, before, after } = this.lineage(key);
    this.light(seen, key);
    const nodes = (count) => `${count} ${count === 1 ? "node" : "nodes"}`;
    uxnet.announce(`${key}: ${nodes(before)} before it, ${nodes(after)} after it`);
  }

  clear() {
    this.light(null, null);
    this.card.hide();
  }

  // Dim everything but these parts; null dims nothing.
  light(seen, picked) {
    this.picked = picked;
    for (const parts of [this.nodes, this.edges]) {
      for (const [key, elements] of parts) {
        for (const element of elements) {
          element.classList.toggle("is-dim", Boolean(seen) && !seen.has(key));
          element.classList.toggle("is-picked", key === picked);
          if (element.hasAttribute("aria-pressed")) element.setAttribute("aria-pressed", String(key === picked));
        }
      }
    }
    this.figure.dispatchEvent(new CustomEvent("pick", { detail: picked }));
  }

  search(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const place = this.figure.querySelector(".graph-found");
    if (!words.length) {
      this.found = [];
      place.textContent = "";
      return this.light(null, null);
    }
    const hits = (key, part) => {
      const said = `${key} ${this.spoken(this.fact(part))} ${part.textContent}`.toLowerCase();
      return words.every((word) => said.includes(word));
    };
    const keys = [];
    for (const parts of [this.nodes, this.edges]) {
      for (const [key, [part]] of parts) if (hits(key, part)) keys.push(key);
    }
    this.light(new Set(keys), null);
    this.found = keys;
    place.textContent = `${keys.length} found`;
    uxnet.announce(place.textContent);
    if (keys.length) this.view.reveal(this.partOf(keys[0]).getBoundingClientRect());
  }

  // Enter goes round what was found.
  next() {
    if (!this.found.length) return;
    const key = this.found.shift();
    this.found.push(key);
    const part = this.partOf(key);
    const rect = part.getBoundingClientRect();
    this.view.reveal(rect);
    this.card.show(this.fact(part), rect);
    uxnet.announce(this.spoken(this.fact(part)));
  }

  partOf(key) { return (this.nodes.get(key) || this.edges.get(key))[0]; }
};

for (const figure of document.querySelectorAll(".graph")) {
  if (figure.querySelector(".graph-view > svg")) figure.graph = new uxnet.Graph(figure);
}
