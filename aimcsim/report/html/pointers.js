// Wheel, drag and touch on a timeline. The wheel zooms once the timeline has the focus, or with Ctrl: a page that is
// only being scrolled past it must go on scrolling.

const WHEEL_STEP = 0.0016;
const LINE = 16; // pixels of a line, for wheels that count lines

function listenToPointers(timeline) {
  const { canvas, view } = timeline;
  const pointers = new Map();
  let dragged = 0;

  canvas.addEventListener("wheel", (event) => {
    const active = document.activeElement === canvas || event.ctrlKey || event.metaKey;
    if (!active) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? LINE : 1;
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.altKey) timeline.scrollRows(Math.sign(event.deltaY));
    else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      view.pan(sideways * unit * timeline.cyclesPerPixel);
    } else view.zoom(Math.exp(-event.deltaY * unit * WHEEL_STEP), timeline.cycleAt(event.offsetX));
  }, { passive: false });

  canvas.addEventListener("pointerdown", (event) => {
    pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    canvas.setPointerCapture(event.pointerId);
    dragged = 0;
  });

  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) {
      timeline.choose(timeline.operationAt(event.offsetX, event.offsetY));
      return;
    }
    const now = { x: event.offsetX, y: event.offsetY };
    if (pointers.size === 2) pinch(timeline, pointers, event.pointerId, now);
    else {
      view.pan((before.x - now.x) * timeline.cyclesPerPixel);
      const rows = Math.trunc((before.y - now.y) / timeline.layout.rowHeight);
      if (rows && event.pointerType === "mouse") timeline.scrollRows(rows);
      if (!rows) now.y = before.y;
    }
    dragged += Math.abs(now.x - before.x);
    if (dragged > 3) {
      canvas.classList.add("dragging");
      timeline.choose(-1);
    }
    pointers.set(event.pointerId, now);
  });

  const released = (event) => {
    pointers.delete(event.pointerId);
    canvas.classList.remove("dragging");
    if (event.type === "pointerup" && dragged <= 3) {
      timeline.choose(timeline.operationAt(event.offsetX, event.offsetY));
    }
  };
  canvas.addEventListener("pointerup", released);
  canvas.addEventListener("pointercancel", released);
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && !pointers.size) timeline.choose(-1);
  });
  canvas.addEventListener("dblclick", (event) => view.zoom(4, timeline.cycleAt(event.offsetX)));
}

// Two fingers: the cycles under them stay under them.
function pinch(timeline, pointers, moved, now) {
  const still = [...pointers].find(([id]) => id !== moved)[1];
  const before = pointers.get(moved);
  const was = Math.abs(before.x - still.x);
  const is = Math.abs(now.x - still.x);
  if (was > 10 && is > 10) timeline.view.zoom(is / was, timeline.cycleAt(still.x));
}
