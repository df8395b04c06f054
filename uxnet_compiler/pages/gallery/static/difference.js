/* What differs between two records; says the same as uxnet_compiler.diff, to the word. */
uxnet.does = (part, ops) => part.map((op) => ops[op][0]).join(", ") || "nothing";

uxnet.difference = (() => {
  const { does } = uxnet;
  const gcd = (a, b) => (b ? gcd(b, a % b) : a);
  const lcm = (a, b) => (a / gcd(a, b)) * b;

  function relation(a, b) {
    if (a.id === b.id) return "same";
    if (a.structure === b.structure) return "renamed";
    return a.sizeless === b.sizeless ? "resized" : "different";
  }

  /* Costs of both, for one size that suits both when they have the same axes. */
  function costs(a, b) {
    const sizeOf = (one, other) => one.divisor.map((d, axis) => {
      const step = lcm(d, other.divisor[axis]);
      return Math.ceil((one.divisor.length === 3 ? 64 : 256) / step) * step;
    });
    const isAlike = a.divisor.length === b.divisor.length;
    return [[a, b], [b, a]].map(([one, other]) => {
      const size = sizeOf(one, isAlike ? other : one);
      const found = Object.entries(one.costs[size.join("x")]);
      return { size, ...Object.fromEntries(found.map(([what, number]) => [what, BigInt(number)])) };
    });
  }

  const changes = (before, after) => before
    .map(([what, value], at) => ({ what, before: String(value), after: String(after[at][1]) }))
    .filter((change) => change.before !== change.after);

  /* The stretch of ops that differs, without what is equal ahead of it and behind it. */
  function opChanges(old, now, ops) {
    const least = Math.min(old.length, now.length);
    if (old.length === now.length && old.every((op, at) => op === now[at])) return [];
    let start = 0;
    while (start < least && old[start] === now[start]) start += 1;
    let end = 0;
    while (end < least - start && old.at(-1 - end) === now.at(-1 - end)) end += 1;
    const parts = [old, now].map((all) => all.slice(start, all.length - end));
    let spelled = parts.map((part) => does(part, ops));
    if (spelled[0] === spelled[1]) {
      spelled = parts.map((part) => part.map((op) => ops[op][1]).join(", "));
    }
    return [{ what: "ops", before: spelled[0], after: spelled[1] }];
  }

  const place = ([stage, level, width, merge]) => [
    ["stage", stage], ["level", level], ["width", width ?? "the level's"], ["merge", merge],
  ];

  /* Ids are ASCII, so this order is the same everywhere. */
  const sorted = (keys) => [...keys].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

  function parts(old, now, tell, compare) {
    const only = (these, others) => sorted(Object.keys(these).filter((key) => !Object.hasOwn(others, key)))
      .map((id) => ({ id, does: tell(these[id]) }));
    const changed = sorted(Object.keys(old).filter((key) => Object.hasOwn(now, key)))
      .map((id) => ({ id, changes: compare(old[id], now[id]) }))
      .filter((part) => part.changes.length);
    return { removed: only(old, now), added: only(now, old), changed };
  }

  return (a, b, ops) => {
    const found = relation(a, b);
    const none = { removed: [], added: [], changed: [] };
    return {
      relation: found,
      costs: costs(a, b),
      frame: changes(a.frame, b.frame),
      nodes: parts(
        a.nodes, b.nodes,
        (node) => `level ${node[1]}: ${does(node[4], ops)}`,
        (old, now) => [...changes(place(old), place(now)), ...opChanges(old[4], now[4], ops)],
      ),
      edges: found === "renamed" ? none : parts(
        a.edges, b.edges,
        (edge) => does(edge, ops),
        (old, now) => opChanges(old, now, ops),
      ),
      apart: changes(a.apart, b.apart).map(({ what }) => what),
    };
  };
})();
