// Play a search: the drawing of its supernet, frame by frame.
for (const reel of document.querySelectorAll(".reel")) {
  const data = JSON.parse(reel.querySelector(".reel-data").textContent);
  const figure = reel.querySelector(".graph");
  const { graph } = figure;
  const slider = reel.querySelector(".reel-slider");
  const play = reel.querySelector(".reel-play");
  const now = reel.querySelector(".reel-now");
  const prefix = figure.id.replace(/^graph-/, "") + "-";
  const last = data.steps.length - 1;
  const titles = graph.facts;
  let frame = last;

  // Which value of a track holds at a frame: the last change up to it.
  const valueAt = (track, at) => {
    let [from, to] = [0, track.length - 1];
    while (from < to) {
      const middle = (from + to + 1) >> 1;
      if (track[middle][0] <= at) from = middle; else to = middle - 1;
    }
    return track[from];
  };

  const setColour = (elements, name, [light, dark]) => elements.forEach((element) => {
    element.setAttribute(name, light || "none");
    uxnet.inDark(element, name, dark);
  });

  const parts = Object.entries(data.tracks).map(([id, tracks]) => {
    const group = document.getElementById(prefix + id);
    const lines = [...group.querySelectorAll(":scope > text")];
    const shape = group.querySelector(":scope > path:not(.graph-reach), :scope > rect, :scope > circle");
    const head = group.querySelector(":scope > polygon");
    const set = {
      width: (value) => {
        shape.setAttribute("stroke-width", value);
        head?.setAttribute("stroke-width", value / 2);
      },
      dash: (value) => (value ? shape.setAttribute("stroke-dasharray", value) : shape.removeAttribute("stroke-dasharray")),
      length: (value) => shape.setAttribute("width", value),
      text: (value) => lines.forEach((line, index) => { line.textContent = value[index] || ""; }),
      stroke: (value) => {
        setColour(head ? [shape, head] : [shape], "stroke", value);
        if (head) setColour([head], "fill", value);
      },
      fill: (value) => setColour([shape], "fill", value),
      ink: (value) => setColour(lines, "fill", value),
    };
    return Object.entries(tracks).map(([what, track]) => ({ track, apply: set[what], seen: track.at(-1) }));
  }).flat();

  const facts = () => {
    const nodes = { ...titles.nodes };
    for (const [id, bars] of Object.entries(data.bars)) {
      const shown = bars.map(({ name, shares }) => ({ name, share: shares[frame], chosen: false }));
      nodes[id] = { title: id, rows: [["step", String(data.steps[frame])]], bars: shown };
    }
    const edges = { ...titles.edges };
    for (const [key, gates] of Object.entries(data.gates)) {
      const gate = gates[frame];
      edges[key] = {
        title: key.replace(">", " to "),
        rows: [["step", String(data.steps[frame])], ["gate", gate.toFixed(3)], [`tau ${data.tau}`, gate >= data.tau ? "open" : "shut"]],
      };
    }
    return { nodes, edges };
  };

  const told = () => {
    const gates = Object.values(data.gates);
    const open = gates.filter((each) => each[frame] >= data.tau).length;
    const said = [`step ${data.steps[frame]}`, `${open} of ${gates.length} gates open`];
    if (data.loss[frame] !== null) said.push(`loss ${data.loss[frame].toFixed(3)}`);
    if (data.dice[frame] !== null) said.push(`Dice ${data.dice[frame].toFixed(3)}`);
    if (data.decided[frame]) said.push("decided");
    return said.join(", ");
  };

  const show = (wanted) => {
    frame = Math.max(0, Math.min(last, wanted));
    for (const part of parts) {
      const change = valueAt(part.track, frame);
      if (change === part.seen) continue;
      part.apply(change[1]);
      part.seen = change;
    }
    graph.facts = facts();
    slider.value = frame;
    slider.setAttribute("aria-valuetext", told());
    now.textContent = told();
  };

  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  };
  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (frame === last) show(0);
    play.textContent = "Pause";
    // Those who asked for little motion get a few stills.
    const [step, wait] = uxnet.isCalm() ? [Math.ceil(last / 10), 1200] : [1, Math.max(40, Math.min(200, 12000 / (last + 1)))];
    timer = setInterval(() => {
      show(frame + step);
      if (frame === last) stop();
    }, wait);
  });
  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  show(last);
}
