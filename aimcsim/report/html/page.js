// Puts the page together once its columns are unpacked, and lets tests and the curious look at its state.

class Page {
  constructor(data) {
    this.data = data;
    this.kinds = data.kinds;
    this.axis = data.runs.length > 1 ? 1 : 0;
    this.colours = readColours(data.kinds);
    this.tooltip = new Tooltip(data.kinds);
    this.timelines = [];
    this.charts = [];
    this.view = null;
    this.active = null;
    this.redrawMilliseconds = 0;
  }

  async start() {
    const curves = document.getElementById("curves-here");
    if (curves) this.charts = showCurves(this.data, curves, this);
    await this.#startTimelines();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.colours = readColours(this.kinds);
      for (const timeline of this.timelines) timeline.draw();
    });
    addEventListener("scroll", () => {
      if (this.active) this.tooltip.show(this.active, this.active.chosen, false);
    }, { passive: true });
  }

  async #startTimelines() {
    const shown = this.data.runs.map((run, number) => ({ run, number })).filter(({ run }) => run.timeline);
    const logs = await Promise.all(shown.map(({ run }) => OpLog.read(run.timeline)));
    if (!logs.length) return;
    this.view = new View(Math.min(...logs.map((log) => log.first)), Math.max(...logs.map((log) => log.end)));
    // One width for all names, so that a cycle stands in the same place in every timeline.
    this.longestName = logs.flatMap((log) => log.tiles).reduce((most, name) => Math.max(most, name.length), 0);
    shown.forEach(({ run, number }, i) => {
      const timeline = new Timeline(number, run.label, logs[i], this.view, this);
      this.timelines.push(timeline);
      document.getElementById(`timeline-${number}`).append(timeline.frame);
      timeline.resize();
    });
    startToolbar(this);
    const { initial_end: end } = this.data;
    if (end !== null) this.view.show(this.view.least, end);
  }

  chose(timeline, i, announce) {
    for (const other of this.timelines) if (other !== timeline) other.choose(-1);
    this.active = i < 0 ? null : timeline;
    this.tooltip.show(timeline, i, announce);
  }

  toggleHelp(from) {
    const dialog = document.getElementById("keys");
    if (dialog.open) dialog.close();
    else {
      dialog.showModal();
      dialog.addEventListener("close", () => from.focus(), { once: true });
    }
  }
}

async function main() {
  const data = JSON.parse(document.getElementById("report-data").textContent);
  const page = new Page(data);
  await page.start();
  window.aimcsimReport = inspection(page);
}

main().catch((error) => {
  const place = document.getElementById("failed");
  place.hidden = false;
  place.textContent = `The interactive parts of this report could not start (${error}). They need a browser of 2023 or later.`;
  throw error;
});
