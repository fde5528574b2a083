// The keyboard on a timeline. The same list is what `?` shows.

const KEYS = [
  ["← →", "move by a tenth of what is shown; with Shift by all of it"],
  ["+ −", "zoom in and out"],
  ["Home End", "go to the first and the last cycle"],
  ["0", "show all cycles"],
  ["↑ ↓", "choose the row above or below"],
  ["n p", "choose the next or previous operation of the row"],
  ["f", "zoom to the chosen operation"],
  ["Esc", "choose nothing"],
  ["?", "show or hide these keys"],
];

function listenToKeys(timeline) {
  const { view } = timeline;
  const pan = (share) => (event) => view.pan(share * (event.shiftKey ? 10 : 1) * view.span);
  const actions = {
    ArrowLeft: pan(-0.1),
    ArrowRight: pan(0.1),
    ArrowUp: () => chooseInRow(timeline, Math.max(timeline.row - 1, 0)),
    ArrowDown: () => chooseInRow(timeline, Math.min(timeline.row + 1, timeline.log.tiles.length - 1)),
    "+": () => view.zoom(1.5, centre(timeline)),
    "=": () => view.zoom(1.5, centre(timeline)),
    "-": () => view.zoom(1 / 1.5, centre(timeline)),
    Home: () => view.show(view.least, view.least + view.span),
    End: () => view.show(view.most - view.span, view.most),
    0: () => view.whole(),
    n: () => step(timeline, 1),
    p: () => step(timeline, -1),
    f: () => zoomToChosen(timeline),
    Escape: () => timeline.choose(-1),
    "?": () => timeline.page.toggleHelp(timeline.canvas),
  };
  timeline.canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    actions[event.key](event);
  });
}

// Zooming keeps the chosen operation in its place where it is in sight.
function centre(timeline) {
  const { log, chosen, view } = timeline;
  if (chosen < 0) return undefined;
  const middle = (log.starts[chosen] + log.ends[chosen]) / 2;
  return middle >= view.first && middle <= view.end ? middle : undefined;
}

function chooseInRow(timeline, row) {
  const { log, view, chosen } = timeline;
  const cycle = chosen < 0 ? (view.first + view.end) / 2 : (log.starts[chosen] + log.ends[chosen]) / 2;
  timeline.row = row;
  const i = log.at(row, cycle, Infinity);
  if (i >= 0) chooseAndReveal(timeline, i);
}

function step(timeline, by) {
  const { log, chosen } = timeline;
  if (chosen < 0) chooseInRow(timeline, timeline.row);
  else if (log.rowOf[chosen + by] === log.rowOf[chosen]) chooseAndReveal(timeline, chosen + by);
}

function zoomToChosen(timeline) {
  const { log, chosen, view } = timeline;
  if (chosen < 0) return;
  const length = Math.max(log.ends[chosen] - log.starts[chosen], 1);
  view.show(log.starts[chosen] - 8 * length, log.ends[chosen] + 8 * length);
}

function chooseAndReveal(timeline, i) {
  timeline.reveal(i);
  timeline.choose(i, true);
}
