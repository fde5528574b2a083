// Draws the rows of one run. A row whose bars would be narrower than a pixel or two is drawn as density instead: each
// column of pixels is filled with every kind's share of the cycles it stands for, so the cost follows the pixels.

const RULER_HEIGHT = 26;
const NARROWEST_BAR = 2; // mean width in pixels of the screen below which a row is drawn as density
const CHARACTER = 6.4; // width of a digit in a bar

class Painter {
  constructor(log, context, kinds) {
    this.log = log;
    this.context = context;
    this.kinds = kinds;
  }

  // `layout`: {width, height, gutter, rowHeight, topRow, ratio}, pixels of CSS; `view` the cycles on show.
  draw(layout, view, colours) {
    const { context, log } = this;
    context.setTransform(layout.ratio, 0, 0, layout.ratio, 0, 0);
    context.fillStyle = colours.panel;
    context.fillRect(0, 0, layout.width, layout.height);
    this.#ruler(layout, view, colours);
    const plot = layout.width - layout.gutter;
    for (let row = layout.topRow; row < log.tiles.length; row++) {
      const y = rowTop(layout, row);
      if (y >= layout.height) break;
      const from = log.firstEndingAfter(row, view.first);
      const to = log.firstStartingAt(row, view.end, from);
      if (to - from > plot / NARROWEST_BAR) this.#density(layout, view, colours, row, y);
      else this.#bars(layout, view, colours, row, y, from, to);
    }
    this.#names(layout, colours);
  }

  #ruler(layout, view, colours) {
    const { context } = this;
    const plot = layout.width - layout.gutter;
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.fillStyle = colours.faint;
    context.textAlign = "left";
    context.fillText("cycle", 12, RULER_HEIGHT / 2);
    for (const cycle of ticks(view.first, view.end, plot / 90, 1)) {
      const x = layout.gutter + ((cycle - view.first) / view.span) * plot;
      context.fillRect(Math.round(x), RULER_HEIGHT - 6, 1, 6);
      const words = grouped(cycle);
      const half = (words.length * CHARACTER) / 2;
      if (x + half > layout.width || x - half < layout.gutter - 14) continue;
      context.textAlign = "center";
      context.fillText(words, x, RULER_HEIGHT / 2 - 2);
    }
  }

  #names(layout, colours) {
    const { context, log } = this;
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.textAlign = "left";
    context.fillStyle = colours.text;
    const every = Math.ceil(14 / layout.rowHeight);
    for (let row = layout.topRow; row < log.tiles.length; row += every) {
      const y = rowTop(layout, row) + layout.rowHeight / 2;
      if (y + 5 > layout.height) break;
      context.fillText(fitted(context, log.tiles[row], layout.gutter - 22), 12, y);
    }
  }

  #bars(layout, view, colours, row, y, from, to) {
    const { context, log } = this;
    const scale = (layout.width - layout.gutter) / view.span;
    const height = barHeight(layout);
    context.fillStyle = colours.idle;
    const edge = (cycle) => layout.gutter + Math.min(Math.max((cycle - view.first) * scale, 0), layout.width - layout.gutter);
    context.fillRect(edge(log.first), y, edge(log.end) - edge(log.first), height);
    for (let kind = 0; kind < colours.kinds.length; kind++) {
      if (!log.busyBefore[kind]) continue;
      context.fillStyle = colours.kinds[kind];
      for (let i = from; i < to; i++) {
        if (log.kinds[i] !== kind) continue;
        const left = layout.gutter + Math.max(0, (log.starts[i] - view.first) * scale);
        const right = layout.gutter + (Math.min(log.ends[i], view.end) - view.first) * scale;
        const gap = right - left > 5 ? 1 : 0;
        context.fillRect(left, y, Math.max(right - left - gap, 0.8), height);
      }
    }
    if (height >= 13 && ((to - from) * 15) < layout.width - layout.gutter) {
      this.#labels(layout, view, colours, y + height / 2, from, to, scale);
    }
  }

  #labels(layout, view, colours, middle, from, to, scale) {
    const { context, log } = this;
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let i = from; i < to; i++) {
      const left = Math.max(0, (log.starts[i] - view.first) * scale);
      const right = (Math.min(log.ends[i], view.end) - view.first) * scale;
      const letter = this.kinds[log.kinds[i]].letter;
      const words = letter + log.microBatches[i];
      const room = right - left - 5;
      if (room < CHARACTER + 2) continue;
      context.fillStyle = colours.inks[log.kinds[i]];
      context.fillText(words.length * CHARACTER + 1 <= room ? words : letter, layout.gutter + (left + right) / 2, middle);
    }
  }

  #density(layout, view, colours, row, y) {
    const { context, log } = this;
    const { ratio } = layout;
    const left = Math.round(layout.gutter * ratio);
    const width = Math.round(layout.width * ratio) - left;
    const height = Math.max(1, Math.round(barHeight(layout) * ratio));
    const image = context.createImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const step = view.span / width;
    const within = (cycle) => Math.min(Math.max(Math.round((cycle - view.first) / step), 0), width);
    const [begun, ended] = [within(log.first), within(log.end)];
    pixels.fill(colours.panelPixel);
    for (let line = 0; line < height; line++) pixels.fill(colours.idlePixel, line * width + begun, line * width + ended);
    const used = log.busyBefore.map((sums, kind) => (sums ? kind : -1)).filter((kind) => kind >= 0);
    // Averaged over some operations, within a few pixels: stripes would only show the beat of pixels and periods.
    const mean = (log.ends[log.offsets[row + 1] - 1] - log.starts[log.offsets[row]]) / (log.offsets[row + 1] - log.offsets[row]);
    const half = Math.max(step, Math.min(32 * mean, (6 * ratio) * step)) / 2;
    let from = log.offsets[row];
    for (let x = begun; x < ended; x++) {
      const middle = view.first + (x + 0.5) * step;
      const begin = Math.max(middle - half, log.first);
      const end = Math.min(middle + half, log.end);
      from = log.firstEndingAfter(row, begin, from);
      const to = log.firstStartingAt(row, end, from);
      if (from === to) continue;
      let filled = 0;
      let share = 0;
      for (const kind of used) {
        share += busyCycles(log, kind, begin, end, from, to) / (end - begin);
        const top = Math.min(height, Math.round(share * height));
        for (; filled < top; filled++) pixels[(height - 1 - filled) * width + x] = colours.kindPixels[kind];
      }
    }
    context.putImageData(image, left, Math.round(y * ratio));
  }
}

// Cycles that the operations from `from` up to `to` of one kind are busy between two cycles.
function busyCycles(log, kind, begin, end, from, to) {
  let busy = log.busyBefore[kind][to] - log.busyBefore[kind][from];
  if (log.kinds[from] === kind && log.starts[from] < begin) busy -= begin - log.starts[from];
  if (log.kinds[to - 1] === kind && log.ends[to - 1] > end) busy -= log.ends[to - 1] - end;
  return busy;
}

function rowTop(layout, row) { return RULER_HEIGHT + (row - layout.topRow) * layout.rowHeight; }

function barHeight(layout) { return layout.rowHeight > 12 ? layout.rowHeight - 5 : Math.max(layout.rowHeight - 1, 1); }

// The text, with its middle left out where it is too wide.
function fitted(context, words, room) {
  if (context.measureText(words).width <= room) return words;
  for (let kept = words.length - 1; kept > 2; kept--) {
    const half = Math.floor(kept / 2);
    const shown = `${words.slice(0, half)}…${words.slice(words.length - (kept - half))}`;
    if (context.measureText(shown).width <= room) return shown;
  }
  return words.slice(0, 2);
}
