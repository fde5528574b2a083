// One run's timeline: a canvas with its rows, an overlay with what hangs together, and which operation is chosen.

const TALLEST = 680;

class Timeline {
  constructor(number, label, log, view, page) {
    Object.assign(this, { number, label, log, view, page });
    this.chosen = -1;
    this.arrows = [];
    this.row = 0;
    this.layout = { width: 0, height: 0, gutter: 0, rowHeight: 0, topRow: 0, ratio: 1 };
    this.frame = create("div", { class: "canvas-frame" });
    this.canvas = create("canvas", {
      tabindex: "0",
      role: "application",
      "aria-roledescription": "timeline",
      "aria-label": `Timeline of ${label}: ${log.tiles.length} rows, ${grouped(log.count)} operations. Press ? for keys.`,
    });
    this.overlay = create("canvas", { class: "overlay", "aria-hidden": "true" });
    this.frame.append(this.canvas, this.overlay);
    this.painter = new Painter(log, this.canvas.getContext("2d"), page.kinds);
    this.overlayContext = this.overlay.getContext("2d");
    view.listeners.push(() => this.refresh());
    new ResizeObserver(() => this.resize()).observe(this.frame);
    listenToPointers(this);
    listenToKeys(this);
  }

  get plotWidth() { return this.layout.width - this.layout.gutter; }

  get cyclesPerPixel() { return this.view.span / this.plotWidth; }

  resize() {
    const width = this.frame.clientWidth;
    if (!width) return;
    const rows = this.log.tiles.length;
    const rowHeight = Math.min(28, Math.max(8, Math.floor((TALLEST - RULER_HEIGHT) / rows)));
    const height = Math.min(RULER_HEIGHT + rows * rowHeight + 2, TALLEST);
    const ratio = window.devicePixelRatio || 1;
    const gutter = Math.min(24 + this.page.longestName * 7, 230, width / 3);
    Object.assign(this.layout, { width, height, gutter, rowHeight, ratio });
    for (const canvas of [this.canvas, this.overlay]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    this.frame.style.height = `${height}px`;
    this.draw();
  }

  // Draws at the next frame, however often it is asked to.
  refresh() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    if (!this.layout.width) return;
    const begun = performance.now();
    this.painter.draw(this.layout, this.view, this.page.colours);
    drawArrows(this.overlayContext, this.log, this.chosen, this.arrows, this.layout, this.view, this.page.colours);
    this.page.redrawMilliseconds = performance.now() - begun;
  }

  cycleAt(x) { return this.view.first + (x - this.layout.gutter) * this.cyclesPerPixel; }

  rowAt(y) { return this.layout.topRow + Math.floor((y - RULER_HEIGHT) / this.layout.rowHeight); }

  // The operation at a place on the canvas, -1 for none.
  operationAt(x, y) {
    const row = this.rowAt(y);
    if (x < this.layout.gutter || y < RULER_HEIGHT || row >= this.log.tiles.length) return -1;
    return this.log.at(row, this.cycleAt(x), 2 * this.cyclesPerPixel);
  }

  choose(i, announce = false) {
    if (i === this.chosen) return;
    this.chosen = i;
    this.arrows = i < 0 ? [] : arrowsOf(this.log, i);
    if (i >= 0) this.row = this.log.rowOf[i];
    this.page.chose(this, i, announce);
    drawArrows(this.overlayContext, this.log, i, this.arrows, this.layout, this.view, this.page.colours);
  }

  // Scrolls rows where not all fit.
  scrollRows(rows) {
    const fit = Math.floor((this.layout.height - RULER_HEIGHT) / this.layout.rowHeight);
    const most = Math.max(0, this.log.tiles.length - fit);
    this.layout.topRow = Math.min(Math.max(this.layout.topRow + rows, 0), most);
    this.refresh();
  }

  // Brings an operation into sight: rows and cycles move only where they must.
  reveal(i) {
    const fit = Math.floor((this.layout.height - RULER_HEIGHT) / this.layout.rowHeight);
    const row = this.log.rowOf[i];
    if (row < this.layout.topRow) this.scrollRows(row - this.layout.topRow);
    else if (row >= this.layout.topRow + fit) this.scrollRows(row - this.layout.topRow - fit + 1);
    const { view } = this;
    const middle = (this.log.starts[i] + this.log.ends[i]) / 2;
    if (middle < view.first || middle > view.end) view.show(middle - view.span / 2, middle + view.span / 2);
  }

  // Where an operation is on the screen: its middle, and the top and bottom of the whole timeline.
  placeOf(i) {
    const box = this.canvas.getBoundingClientRect();
    const x = this.layout.gutter + ((this.log.starts[i] + this.log.ends[i]) / 2 - this.view.first) / this.cyclesPerPixel;
    return {
      x: box.left + Math.min(Math.max(x, this.layout.gutter), this.layout.width),
      y: box.top + rowTop(this.layout, this.log.rowOf[i]) + barHeight(this.layout) / 2,
      top: box.top,
      bottom: box.bottom,
    };
  }
}

function create(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
