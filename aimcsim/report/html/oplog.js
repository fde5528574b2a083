// The operations of one run, by row (tile) and start. Rows do not overlap in time, so starts and ends both ascend.

class OpLog {
  static async read(timeline) {
    const names = Object.keys(timeline.columns);
    const values = await Promise.all(names.map((name) => unpackColumn(timeline.columns[name])));
    return new OpLog(timeline, Object.fromEntries(names.map((name, i) => [name, values[i]])));
  }

  constructor(timeline, columns) {
    this.tiles = timeline.tiles;
    this.first = timeline.first;
    this.end = timeline.end;
    this.offsets = timeline.offsets;
    this.count = columns.start.length;
    this.starts = Float64Array.from(columns.start);
    this.ends = this.starts.map((start, i) => start + columns.length[i]);
    this.kinds = Uint8Array.from(columns.kind);
    this.microBatches = columns.micro_batch;
    this.versionsRead = columns.version_read;
    this.versionsWritten = columns.version_written;
    this.staleness = columns.staleness;
    this.nextSteps = columns.next;
    this.links = columns.link;
    this.layers = timeline.layers;
    this.layerOf = columns.layer;
    this.rowOf = new Int32Array(this.count);
    for (let row = 0; row < this.tiles.length; row++) this.rowOf.fill(row, this.offsets[row], this.offsets[row + 1]);
    this.busyBefore = this.#sumsOfBusyCycles();
    this.previousSteps = this.#inverse(this.nextSteps);
  }

  // busyBefore[kind][i]: cycles of that kind in all operations before i; null for a kind that does not occur.
  #sumsOfBusyCycles() {
    const found = [null, null, null, null, null];
    for (let i = 0; i < this.count; i++) found[this.kinds[i]] ||= new Float64Array(this.count + 1);
    found.forEach((sums, kind) => {
      for (let i = 0; sums && i < this.count; i++) {
        sums[i + 1] = sums[i] + (this.kinds[i] === kind ? this.ends[i] - this.starts[i] : 0);
      }
    });
    return found;
  }

  // Of the operations that lead to one, the topmost stands for all.
  #inverse(distances) {
    const found = new Int32Array(this.count).fill(-1);
    for (let i = this.count - 1; i >= 0; i--) if (distances[i]) found[i + distances[i]] = i;
    return found;
  }

  next(i) { return this.nextSteps[i] ? i + this.nextSteps[i] : -1; }

  link(i) { return this.links[i] ? i + this.links[i] : -1; }

  firstEndingAfter(row, cycle, from = this.offsets[row]) {
    return firstAbove(this.ends, cycle, from, this.offsets[row + 1]);
  }

  firstStartingAt(row, cycle, from = this.offsets[row]) {
    return firstAtLeast(this.starts, cycle, from, this.offsets[row + 1]);
  }

  // The operation of a row at a cycle, or the nearest one within `slack` cycles; -1 for none.
  at(row, cycle, slack) {
    const last = this.offsets[row + 1];
    const i = this.firstEndingAfter(row, cycle);
    let best = -1;
    let distance = slack;
    for (const j of [i, i - 1]) {
      if (j < this.offsets[row] || j >= last) continue;
      const off = Math.max(this.starts[j] - cycle, cycle - this.ends[j], 0);
      if (off < distance || (off === 0 && best < 0)) [best, distance] = [j, off];
    }
    return best;
  }

  // The topmost of the operations that start together with operation i as one step: the one that arrows lead to.
  #topmost(i) {
    for (let row = 0; row < this.rowOf[i]; row++) {
      const j = this.firstStartingAt(row, this.starts[i]);
      const together = j < this.offsets[row + 1] && this.starts[j] === this.starts[i];
      if (together && this.kinds[j] === this.kinds[i] && this.microBatches[j] === this.microBatches[i]) return j;
    }
    return i;
  }

  // All F and B of the micro-batch of operation i that data flows through, in order.
  journey(i) {
    const path = [i];
    for (let j = this.previousSteps[this.#topmost(i)]; j >= 0; j = this.previousSteps[j]) path.unshift(j);
    for (let j = this.next(i); j >= 0; j = this.next(j)) path.push(j);
    return path;
  }

  details(i) {
    const written = this.versionsWritten[i];
    return {
      tile: this.tiles[this.rowOf[i]],
      layer: this.layerOf && this.layerOf[i] >= 0 ? this.layers[this.layerOf[i]] : null,
      kind: this.kinds[i],
      microBatch: this.microBatches[i],
      start: this.starts[i],
      end: this.ends[i],
      versionRead: this.versionsRead[i],
      versionWritten: written < 0 ? null : written,
      staleness: this.staleness[i] < 0 ? null : this.staleness[i],
    };
  }
}

function firstAbove(values, limit, from, to) {
  while (from < to) {
    const middle = (from + to) >> 1;
    if (values[middle] > limit) to = middle;
    else from = middle + 1;
  }
  return from;
}

function firstAtLeast(values, limit, from, to) {
  while (from < to) {
    const middle = (from + to) >> 1;
    if (values[middle] >= limit) to = middle;
    else from = middle + 1;
  }
  return from;
}
