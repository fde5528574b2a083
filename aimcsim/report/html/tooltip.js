// The details of the chosen operation: beside it for the eye, as a sentence for a screen reader.

class Tooltip {
  constructor(kinds) {
    this.kinds = kinds;
    this.box = create("div", { class: "tooltip", role: "presentation", hidden: "" });
    this.spoken = create("p", { class: "unseen", "aria-live": "polite" });
    document.body.append(this.box, this.spoken);
  }

  show(timeline, i, announce) {
    if (i < 0) {
      this.hide();
      return;
    }
    const details = timeline.log.details(i);
    const lines = this.#lines(details);
    const kind = this.kinds[details.kind];
    const head = create("strong", {}, `${kind.letter}${details.microBatch}`);
    const rows = lines.flatMap(([name, value]) => [create("dt", {}, name), create("dd", {}, value)]);
    this.box.replaceChildren(
      create("p", {}, create("i", { class: `chip ${kind.letter}` }), head, ` ${kind.name}, ${details.tile}`),
      create("dl", {}, ...rows),
    );
    this.box.hidden = false;
    this.#place(timeline.placeOf(i));
    if (announce) {
      this.spoken.textContent = `${kind.name} of micro-batch ${details.microBatch} on ${details.tile}: `
        + lines.map(([name, value]) => `${name} ${value}`).join(", ");
    }
  }

  hide() {
    this.box.hidden = true;
  }

  #lines(details) {
    const length = details.end - details.start;
    const until = length === 1 ? "1 cycle" : `${grouped(length)} cycles`;
    const found = [
      ["micro-batch", grouped(details.microBatch)],
      ["cycles", `${grouped(details.start)} – ${grouped(details.end)} (${until})`],
      ["version read", grouped(details.versionRead)],
    ];
    if (details.layer !== null) found.unshift(["layer", details.layer]);
    if (details.versionWritten !== null) found.push(["version written", grouped(details.versionWritten)]);
    if (details.staleness !== null) {
      found.push(["staleness", details.staleness === 1 ? "1 update" : `${grouped(details.staleness)} updates`]);
    }
    return found;
  }

  // Below the timeline, so that it hides none of the arrows; above it where there is no room, else beside the operation.
  #place(at) {
    const { width, height } = this.box.getBoundingClientRect();
    const places = [at.bottom + 4, at.top - height - 4, at.y + 24, at.y - height - 24];
    const top = places.find((y) => y > 4 && y + height < window.innerHeight - 4) ?? 4;
    const left = Math.min(Math.max(at.x - width / 2, 8), window.innerWidth - width - 8);
    this.box.style.left = `${left}px`;
    this.box.style.top = `${top}px`;
  }
}
