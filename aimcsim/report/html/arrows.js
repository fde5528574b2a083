// What hangs together with one operation, drawn over the rows: the way of its micro-batch, and the version it read or
// wrote. `arrowsOf` says which arrows there are, `drawArrows` puts them on the overlay.

function arrowsOf(log, i) {
  const found = [];
  const path = log.journey(i);
  for (let step = 1; step < path.length; step++) found.push({ kind: "data", from: path[step - 1], to: path[step] });
  const other = log.link(i);
  if (other >= 0) {
    const isUpdate = log.versionsWritten[i] >= 0;
    found.push({ kind: "version", from: isUpdate ? i : other, to: isUpdate ? other : i });
  }
  return found;
}

function drawArrows(context, log, chosen, arrows, layout, view, colours) {
  context.setTransform(layout.ratio, 0, 0, layout.ratio, 0, 0);
  context.clearRect(0, 0, layout.width, layout.height);
  if (chosen < 0) return;
  context.save();
  context.beginPath();
  context.rect(layout.gutter, RULER_HEIGHT - 3, layout.width - layout.gutter, layout.height);
  context.clip();
  const scale = (layout.width - layout.gutter) / view.span;
  const place = (i) => {
    const left = layout.gutter + (log.starts[i] - view.first) * scale;
    const right = layout.gutter + (log.ends[i] - view.first) * scale;
    const top = rowTop(layout, log.rowOf[i]);
    return { left, right, top, middle: top + barHeight(layout) / 2 };
  };
  for (const arrow of arrows) outline(context, place(arrow.to), layout, colours, 1);
  for (const arrow of arrows) outline(context, place(arrow.from), layout, colours, 1);
  outline(context, place(chosen), layout, colours, 2.5);
  for (const arrow of arrows) {
    const isVersion = arrow.kind === "version";
    curve(context, place(arrow.from), place(arrow.to), isVersion ? colours.mark : colours.text, isVersion, colours.panel);
  }
  context.restore();
}

function outline(context, place, layout, colours, width) {
  context.setLineDash([]);
  context.lineWidth = width;
  context.strokeStyle = colours.text;
  const inset = width / 2;
  context.strokeRect(place.left + inset, place.top + inset, Math.max(place.right - place.left - width - 0.5, 1), barHeight(layout) - width);
}

// From the end of one bar to the start of another; a light casing keeps it apart from the bars below.
function curve(context, from, to, colour, dashed, casing) {
  const sameRow = from.middle === to.middle;
  const inset = (place) => Math.min(sameRow ? 14 : 3, (place.right - place.left) / 4);
  const x1 = from.right - inset(from);
  const x2 = to.left + inset(to);
  const bend = Math.max(Math.min(14, from.right - from.left), Math.abs(x2 - x1) / 2);
  const lift = sameRow ? -22 : 0;
  const path = new Path2D();
  path.moveTo(x1, from.middle);
  path.bezierCurveTo(x1 + bend, from.middle + lift, x2 - bend, to.middle + lift, x2, to.middle);
  context.lineCap = "round";
  context.setLineDash([]);
  context.strokeStyle = casing;
  context.lineWidth = 4.5;
  context.stroke(path);
  context.setLineDash(dashed ? [5, 4] : []);
  context.strokeStyle = colour;
  context.lineWidth = 1.8;
  context.stroke(path);
  const angle = sameRow ? Math.atan2(-lift, bend) : 0;
  head(context, x2, to.middle, angle, colour, casing);
}

function head(context, x, y, angle, colour, casing) {
  const tip = new Path2D();
  const at = (length, turn) => [x - length * Math.cos(angle + turn), y - length * Math.sin(angle + turn)];
  tip.moveTo(x + 2, y);
  tip.lineTo(...at(7, 0.5));
  tip.lineTo(...at(7, -0.5));
  tip.closePath();
  context.setLineDash([]);
  context.lineWidth = 2;
  context.strokeStyle = casing;
  context.stroke(tip);
  context.fillStyle = colour;
  context.fill(tip);
}
