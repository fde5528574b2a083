// `window.aimcsimReport`, as docs/report.md describes it: what is shown, for tests and for the console.

function inspection(page) {
  const active = () => page.timelines.find((timeline) => timeline.chosen >= 0) ?? null;
  return Object.freeze({
    get runs() {
      return page.data.runs.map((run, number) => ({
        label: run.label,
        operations: page.timelines.find((timeline) => timeline.number === number)?.log.count ?? 0,
      }));
    },
    get view() { return page.view && { first: page.view.first, end: page.view.end }; },
    get chosen() {
      const timeline = active();
      if (!timeline) return null;
      const details = timeline.log.details(timeline.chosen);
      return { run: timeline.number, ...details, kind: page.kinds[details.kind].letter };
    },
    get arrows() {
      const timeline = active();
      const name = (i) => `${page.kinds[timeline.log.kinds[i]].letter}${timeline.log.microBatches[i]} ${timeline.log.tiles[timeline.log.rowOf[i]]}`;
      return timeline ? timeline.arrows.map(({ kind, from, to }) => ({ kind, from: name(from), to: name(to) })) : [];
    },
    get axis() { return AXES[page.axis].name; },
    get colours() { return page.colours; },
    get redrawMilliseconds() { return page.redrawMilliseconds; },
    show(first, end) { page.view.show(first, end); },
    // Where on the window an operation is, to point at it.
    placeOf(run, tile, kind, microBatch) {
      const timeline = page.timelines.find((each) => each.number === run);
      const { log } = timeline;
      const row = log.tiles.indexOf(tile);
      const code = page.kinds.findIndex((each) => each.letter === kind);
      for (let i = log.offsets[row]; i < log.offsets[row + 1]; i++) {
        if (log.kinds[i] !== code || log.microBatches[i] !== microBatch) continue;
        const { x, y } = timeline.placeOf(i);
        return { x, y };
      }
      return null;
    },
    // Milliseconds of one full redraw of all timelines, pixels read back so that nothing is still to be done.
    timeRedraw(repeats = 5) {
      const times = [];
      const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      for (let i = 0; i < repeats; i++) {
        const begun = performance.now();
        for (const timeline of page.timelines) {
          timeline.draw();
          copy.drawImage(timeline.canvas, 0, 0);
          copy.getImageData(0, 0, 1, 1);
        }
        times.push(performance.now() - begun);
      }
      return times.sort((a, b) => a - b)[repeats >> 1];
    },
  });
}
