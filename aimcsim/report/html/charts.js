// Curves of loss and accuracy over samples, cycles or seconds: SVG, with the values at the pointer.

const CHART_HEIGHT = 260;
const EDGE = { left: 56, right: 16, top: 12, bottom: 40 };
const SVG = "http://www.w3.org/2000/svg";

// `spec`: {title, unit ("share" or ""), series: [{name, run, dashed, points: [[x per axis], value]}], target}.
class Chart {
  constructor(spec, page) {
    Object.assign(this, { spec, page });
    this.svg = svg("svg", { role: "img", "aria-label": spec.describe(), class: "chart" });
    this.readout = create("p", { class: "readout", "aria-hidden": "true" });
    this.figure = create("figure", { class: "panel" }, create("h3", {}, spec.title), this.#legend(), this.svg, this.readout);
    this.svg.addEventListener("pointermove", (event) => this.#point(event));
    this.svg.addEventListener("pointerleave", () => this.#point(null));
    new ResizeObserver(() => this.draw()).observe(this.figure);
  }

  #legend() {
    const entries = this.spec.series.map((series) =>
      create("span", {}, line(series), ` ${series.name}`));
    return create("p", { class: "legend" }, ...entries);
  }

  draw() {
    const width = Math.floor(this.svg.parentElement?.clientWidth ?? 0) - 32;
    if (width < 100) return;
    const axis = this.page.axis;
    const drawn = this.spec.series.map((series) => ({
      series,
      points: series.points.map(([xs, y]) => [xs[axis], y]).filter(([x, y]) => x !== null && y !== null),
    }));
    const all = drawn.flatMap(({ points }) => points);
    if (!all.length) return;
    const target = this.spec.target;
    const right = Math.max(...all.map(([x]) => x)) || 1;
    const values = all.map(([, y]) => y).concat(target ?? []);
    const low = this.spec.unit === "share" ? Math.min(...values) : Math.min(0, ...values);
    const high = Math.max(...values);
    const room = (high - low || 1) * 0.05;
    const bottom = low === 0 ? 0 : low - room;
    const top = this.spec.unit === "share" ? Math.min(1, high + room) : high + room;
    const plot = { width: width - EDGE.left - EDGE.right, height: CHART_HEIGHT - EDGE.top - EDGE.bottom };
    this.scale = {
      x: (x) => EDGE.left + (x / right) * plot.width,
      y: (y) => EDGE.top + (1 - (y - bottom) / (top - bottom)) * plot.height,
    };
    this.drawn = drawn;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${CHART_HEIGHT}`);
    this.svg.setAttribute("width", width);
    this.svg.setAttribute("height", CHART_HEIGHT);
    this.cursor = svg("g", { class: "cursor" });
    this.readout.textContent = this.#crossings();
    this.svg.replaceChildren(
      this.#axes(plot, right, bottom, top, width),
      ...drawn.map(({ series, points }) => this.#curve(series, points)),
      ...this.#target(plot, target, drawn),
      this.cursor,
    );
  }

  #axes(plot, right, bottom, top, width) {
    const group = svg("g", { class: "axes" });
    const base = EDGE.top + plot.height;
    for (const value of ticks(bottom, top, plot.height / 42)) {
      const y = this.scale.y(value);
      group.append(svg("line", { x1: EDGE.left, x2: width - EDGE.right, y1: y, y2: y }));
      group.append(svg("text", { x: EDGE.left - 8, y: y + 4, "text-anchor": "end" }, this.#shown(value)));
    }
    for (const value of ticks(0, right, plot.width / 90)) {
      const x = this.scale.x(value);
      group.append(svg("line", { x1: x, x2: x, y1: base, y2: base + 5, class: "tick" }));
      const anchor = x > width - 40 ? "end" : "middle";
      group.append(svg("text", { x: anchor === "end" ? width - 2 : x, y: base + 18, "text-anchor": anchor }, short(value)));
    }
    const name = AXES[this.page.axis].name;
    group.append(svg("text", { x: EDGE.left + plot.width / 2, y: base + 34, "text-anchor": "middle" }, name));
    return group;
  }

  #curve(series, points) {
    const path = points.map(([x, y], i) => `${i ? "L" : "M"}${this.scale.x(x).toFixed(1)} ${this.scale.y(y).toFixed(1)}`);
    return svg("path", { d: path.join(""), class: `curve run-${series.colour}${series.dashed ? " dashed" : ""}` });
  }

  // The line that the runs are to reach, and where each of them does.
  #target(plot, target, drawn) {
    if (target === null || target === undefined) return [];
    const y = this.scale.y(target);
    const parts = [
      svg("line", { x1: EDGE.left, x2: EDGE.left + plot.width, y1: y, y2: y, class: "target" }),
      svg("text", { x: EDGE.left + 6, y: y - 6, class: "target" }, `target ${this.#shown(target)}`),
    ];
    for (const { series, points } of drawn) {
      const reached = points.find(([, value]) => value >= target);
      if (!reached) continue;
      parts.push(svg("circle", {
        cx: this.scale.x(reached[0]), cy: this.scale.y(reached[1]), r: 5, class: `reached run-${series.colour}`,
      }));
    }
    return parts;
  }

  // Where each curve is first at the target or past it, in words.
  #crossings() {
    const { target } = this.spec;
    if (target === null) return "";
    const axis = AXES[this.page.axis].name;
    return this.drawn.map(({ series, points }) => {
      const reached = points.find(([, value]) => value >= target);
      return `${series.name} ${reached ? `reaches ${this.#shown(target)} at ${short(reached[0])} ${axis}` : `stays below ${this.#shown(target)}`}`;
    }).join("  ·  ");
  }

  #point(event) {
    if (!this.drawn) return;
    this.cursor.replaceChildren();
    this.readout.textContent = this.#crossings();
    if (!event) return;
    const x = event.offsetX;
    const near = this.drawn.flatMap(({ series, points }) => {
      const best = points.reduce((a, b) => (Math.abs(this.scale.x(b[0]) - x) < Math.abs(this.scale.x(a[0]) - x) ? b : a), points[0]);
      return best ? [{ series, x: best[0], y: best[1] }] : [];
    });
    if (!near.length) return;
    for (const each of near) {
      this.cursor.append(svg("circle", { cx: this.scale.x(each.x), cy: this.scale.y(each.y), r: 3.5, class: `dot run-${each.series.colour}` }));
    }
    const axis = AXES[this.page.axis].name;
    this.readout.textContent = near.map((each) => `${each.series.name} ${this.#shown(each.y)} at ${short(each.x)} ${axis}`).join("  ·  ");
  }

  #shown(value) { return this.spec.unit === "share" ? `${Number((100 * value).toFixed(2))} %` : short(value); }
}

function svg(name, attributes = {}, words = null) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (words !== null) made.textContent = words;
  return made;
}

function line(series) {
  const sample = svg("svg", { width: 26, height: 10, class: "sample", "aria-hidden": "true" });
  sample.append(svg("path", { d: "M1 5H25", class: `curve run-${series.colour}${series.dashed ? " dashed" : ""}` }));
  return sample;
}
