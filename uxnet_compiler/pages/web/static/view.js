// Move about in a drawing: wheel, drag, pinch and keys change the view box, nothing else.
uxnet.View = class {
  constructor(svg) {
    this.svg = svg;
    const { x, y, width, height } = svg.viewBox.baseVal;
    this.whole = { x, y, width, height };
    this.box = { ...this.whole };
    this.pointers = new Map();
    this.moved = 0;
    this.apply = uxnet.eachFrame(() => this.show());
    svg.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
    svg.addEventListener("pointerdown", (event) => this.onDown(event));
    svg.addEventListener("pointermove", (event) => this.onMove(event));
    for (const kind of ["pointerup", "pointercancel"]) {
      svg.addEventListener(kind, (event) => this.onUp(event));
    }
  }

  get scale() { return this.whole.width / this.box.width; }

  fit() {
    this.box = { ...this.whole };
    this.apply();
  }

  // Zoom around a point of the screen, or the middle.
  zoom(factor, at = null) {
    const wanted = Math.min(24, Math.max(1, this.scale * factor));
    const ratio = this.scale / wanted;
    const { x, y, width, height } = this.box;
    const fixed = at ? this.place(at) : { x: x + width / 2, y: y + height / 2 };
    this.box = {
      x: fixed.x - (fixed.x - x) * ratio,
      y: fixed.y - (fixed.y - y) * ratio,
      width: width * ratio,
      height: height * ratio,
    };
    this.apply();
  }

  // Move so that a rectangle of the screen is seen, when it is not yet.
  reveal(rect) {
    const frame = this.svg.getBoundingClientRect();
    const isSeen = rect.left >= frame.left && rect.right <= frame.right
      && rect.top >= frame.top && rect.bottom <= frame.bottom;
    if (isSeen || this.scale <= 1.001) return;
    const middle = this.place({ x: (rect.left + rect.right) / 2, y: (rect.top + rect.bottom) / 2 });
    this.box.x = middle.x - this.box.width / 2;
    this.box.y = middle.y - this.box.height / 2;
    this.apply();
  }

  // Where a point of the screen lies in the drawing.
  place(point) {
    return new DOMPoint(point.x, point.y).matrixTransform(this.svg.getScreenCTM().inverse());
  }

  show() {
    const { whole, box } = this;
    // Something of the drawing always stays in sight.
    box.x = Math.min(whole.x + whole.width - box.width / 2, Math.max(whole.x - box.width / 2, box.x));
    box.y = Math.min(whole.y + whole.height - box.height / 2, Math.max(whole.y - box.height / 2, box.y));
    if (this.scale <= 1.001) Object.assign(box, whole);
    this.svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
    this.svg.classList.toggle("is-zoomed", this.scale > 1.001);
  }

  onWheel(event) {
    // Without a click into the drawing first, the wheel keeps scrolling the page.
    if (!event.ctrlKey && !this.svg.contains(document.activeElement)) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), { x: event.clientX, y: event.clientY });
  }

  onDown(event) {
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (this.pointers.size === 1) this.moved = 0;
  }

  onMove(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      const length = (point) => Math.hypot(point.x - other.x, point.y - other.y);
      this.moved = Infinity;
      this.zoom(length(now) / Math.max(1, length(before)), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
    } else if (this.scale > 1.001) {
      this.moved += Math.hypot(now.x - before.x, now.y - before.y);
      if (this.moved > 4) {
        if (!this.svg.hasPointerCapture(event.pointerId)) this.svg.setPointerCapture(event.pointerId);
        this.svg.classList.add("is-dragged");
        const [from, to] = [this.place(before), this.place(now)];
        this.box.x += from.x - to.x;
        this.box.y += from.y - to.y;
        this.apply();
      }
    }
    this.pointers.set(event.pointerId, now);
  }

  onUp(event) {
    this.pointers.delete(event.pointerId);
    this.svg.classList.remove("is-dragged");
  }

  // Whether the click that ends now was a drag.
  get wasDragged() { return this.moved > 4; }
};
