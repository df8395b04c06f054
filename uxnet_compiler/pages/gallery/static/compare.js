// Compare the two architectures that the address names: verdict, costs, drawings, lists of parts.
uxnet.Comparison = class {
  constructor(form, records) {
    this.form = form;
    this.ops = records.ops;
    this.verdicts = records.verdicts;
    this.records = new Map(records.records.map((record) => [record.id, record]));
    this.place = document.querySelector(".difference");
    this.shows = 0;
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("change", () => this.chosen());
    form.querySelector("button").addEventListener("click", () => {
      const { a, b } = form.elements;
      [a.value, b.value] = [b.value, a.value];
      this.chosen();
    });
    addEventListener("hashchange", () => this.recall());
    this.recall();
  }

  // Take the pair from the address; a beginning of an id is enough.
  recall() {
    const said = new URLSearchParams(location.hash.slice(1));
    const unknown = [];
    for (const side of ["a", "b"]) {
      const wanted = said.get(side) || "";
      const ids = wanted ? [...this.records.keys()].filter((id) => id.startsWith(wanted)) : [];
      if (wanted && ids.length !== 1) unknown.push(wanted.slice(0, 64));
      this.form.elements[side].value = ids.length === 1 ? ids[0] : "";
    }
    const note = document.querySelector(".unknown");
    note.hidden = !unknown.length;
    note.textContent = `Not in this gallery: ${unknown.join(", ")}`;
    this.show();
    const { a, b } = this.form.elements;
    if (a.value && !b.value && !unknown.length) b.focus();
  }

  chosen() {
    const said = new URLSearchParams([...new FormData(this.form)].filter(([, value]) => value));
    history.replaceState(null, "", `#${said}`);
    document.querySelector(".unknown").hidden = true;
    this.show();
  }

  show() {
    const [a, b] = ["a", "b"].map((side) => this.records.get(this.form.elements[side].value));
    this.place.hidden = !(a && b);
    if (!a || !b) return;
    const found = uxnet.difference(a, b, this.ops);
    document.title = `${a.name} and ${b.name}`;
    this.place.querySelector(".verdict").textContent = this.verdicts[found.relation];
    this.showCosts(found);
    this.showParts(found);
    const apart = this.place.querySelector(".apart");
    apart.hidden = !found.apart.length;
    apart.textContent = `Not part of the architecture, but differing: ${found.apart.join(", ")}.`;
    this.showDrawings(a, b, found);
  }

  showCosts(found) {
    const { make } = uxnet;
    const [before, after] = found.costs;
    const sizes = [...new Set(found.costs.map(({ size }) => size.join("\u00d7")))];
    this.place.querySelector(".costs caption").textContent = `Cost for one image of ${sizes.join(" \u2192 ")}`;
    const kinds = [["parameters", "params", uxnet.short], ["MACs", "macs", uxnet.short], ["peak memory", "peak", uxnet.bytes]];
    const rows = kinds.map(([name, key, spell]) => make(
      "tr", {},
      make("th", { scope: "row" }, name),
      make("td", { class: "number" }, spell(before[key])),
      make("td", { class: "number" }, spell(after[key])),
      make("td", { class: "number" }, uxnet.share(before[key], after[key])),
    ));
    this.place.querySelector(".costs tbody").replaceChildren(...rows);
  }

  showParts(found) {
    const { make } = uxnet;
    const spell = ({ what, before, after }) => `${what === "ops" ? "" : `${what} `}${before} \u2192 ${after}`;
    const item = (kind, head, text) => make(
      "li", { class: `is-${kind}` },
      make("span", { class: "unseen" }, `${kind} `), make("code", {}, head), " ", make("span", {}, text),
    );
    const list = (title, items) => (items.length ? [make("h2", {}, title), make("ul", { class: "parts" }, ...items)] : []);
    const of = ({ removed, added, changed }) => [
      ...removed.map(({ id, does }) => item("removed", id, does)),
      ...added.map(({ id, does }) => item("added", id, does)),
      ...changed.map(({ id, changes }) => item("changed", id, changes.map(spell).join("; "))),
    ];
    const frame = found.frame.map((change) => item("changed", change.what, `${change.before} \u2192 ${change.after}`));
    this.place.querySelector(".changes").replaceChildren(
      ...list("Frame", frame), ...list("Nodes", of(found.nodes)), ...list("Edges", of(found.edges)),
    );
  }

  // Drawings are packed, and unpacking takes a moment, in which another pair may be chosen.
  async showDrawings(a, b, found) {
    this.shows += 1;
    const now = this.shows;
    const place = this.place.querySelector(".drawings");
    place.replaceChildren();
    this.place.querySelector(".keys").hidden = found.relation === "same";
    if (found.relation === "same") return;
    const texts = await Promise.all([a, b].map(({ id }) => uxnet.unpack(document.getElementById(`drawing-${id}`).textContent)));
    if (now !== this.shows) return;
    const figures = [
      this.figure("a", a, texts[0], found, "removed"),
      this.figure("b", b, texts[1], found, "added"),
    ];
    place.replaceChildren(...figures);
    for (const figure of figures) figure.graph = new uxnet.Graph(figure);
  }

  // One drawing, in which each part bears what became of it; `own` is what only this side has.
  figure(side, record, text, found, own) {
    const figure = document.querySelector(`.drawing-${side}`).content.firstElementChild.cloneNode(true);
    const svg = document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
    figure.querySelector(".graph-view").replaceChildren(svg);
    for (const name of ["fill", "stroke"]) {
      for (const part of svg.querySelectorAll(`[data-${name}]`)) uxnet.inDark(part, name, `#${part.dataset[name]}`);
    }
    const marks = new Map();
    for (const parts of [found.nodes, found.edges]) {
      for (const { id } of parts[own]) marks.set(id, { kind: own, changes: [] });
      for (const { id, changes } of parts.changed) marks.set(id, { kind: "changed", changes });
    }
    const kindOf = (part) => {
      const { id, source, target, partOf } = part.dataset;
      if (partOf) return kindOf(svg.getElementById(`g${record.id.slice(0, 12)}-${partOf}`));
      return marks.get(id || `${source}>${target}`)?.kind || "alike";
    };
    for (const part of svg.querySelectorAll("[data-id], [data-source], [data-part-of]")) {
      if (!part.id.includes("-__")) part.classList.add(`is-${kindOf(part)}`); // samples of the legend stay
    }
    figure.querySelector(".graph-facts").textContent = JSON.stringify(this.facts(record, marks));
    return figure;
  }

  // What the cards in a drawing say.
  facts(record, marks) {
    const words = { removed: "only before", added: "only after", changed: "differs" };
    const all = (parts, opsOf) => Object.fromEntries(Object.entries(parts).map(([key, part]) => {
      const { kind, changes } = marks.get(key) || { changes: [] };
      const told = changes.map(({ what, before, after }) => [what, `${before} \u2192 ${after}`]);
      return [key, { title: key, rows: [["is", words[kind] || "in both"], ["does", uxnet.does(opsOf(part), this.ops)], ...told] }];
    }));
    return { nodes: all(record.nodes, (node) => node[4]), edges: all(record.edges, (edge) => edge) };
  }
};

// Text that was packed by gzip and spelled in base 64.
uxnet.unpack = (text) => {
  const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
};

// Numbers as uxnet_compiler.wording spells them.
uxnet.scaled = (number, step, units) => {
  let value = Number(number);
  let power = 0;
  while (value >= 999.5 && power < units.length - 1) {
    value /= step;
    power += 1;
  }
  const digits = power === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  const shown = new Intl.NumberFormat("en", {
    minimumFractionDigits: digits, maximumFractionDigits: digits, roundingMode: "halfEven", useGrouping: false,
  }).format(value);
  return `${shown} ${units[power]}`.trimEnd();
};
uxnet.short = (number) => uxnet.scaled(number, 1000, ["", "k", "M", "G", "T"]);
uxnet.bytes = (number) => uxnet.scaled(number, 1024, ["B", "KiB", "MiB", "GiB", "TiB"]);
uxnet.share = (before, after) => {
  if (!before || before === after) return "";
  const percent = (100 * Number(after - before)) / Number(before);
  return `${percent < 0 ? "" : "+"}${percent.toFixed(1)} %`;
};

new uxnet.Comparison(
  document.querySelector(".pair"),
  JSON.parse(document.querySelector(".records").textContent),
);
