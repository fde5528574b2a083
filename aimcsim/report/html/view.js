// The cycles on show. All timelines of a page share one view, so that they zoom together.

const LEAST_CYCLES = 4;

class View {
  constructor(first, end) {
    this.least = first;
    this.most = Math.max(end, first + LEAST_CYCLES);
    this.first = this.least;
    this.end = this.most;
    this.listeners = [];
  }

  get span() { return this.end - this.first; }

  show(first, end) {
    const span = Math.min(Math.max(end - first, LEAST_CYCLES), this.most - this.least);
    const middle = (first + end) / 2;
    this.first = Math.min(Math.max(middle - span / 2, this.least), this.most - span);
    this.end = this.first + span;
    for (const listener of this.listeners) listener();
  }

  // A factor above 1 shows fewer cycles; `centre` keeps its place.
  zoom(factor, centre = (this.first + this.end) / 2) {
    const span = Math.min(Math.max(this.span / factor, LEAST_CYCLES), this.most - this.least);
    const share = (centre - this.first) / this.span;
    const first = Math.min(Math.max(centre - share * span, this.least), this.most - span);
    this.show(first, first + span);
  }

  pan(cycles) {
    const shift = Math.min(Math.max(cycles, this.least - this.first), this.most - this.end);
    this.show(this.first + shift, this.end + shift);
  }

  whole() { this.show(this.least, this.most); }
}
