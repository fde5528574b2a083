// The page's colours as the style sheet gives them: they change with light and dark.

function readColours(kinds) {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    kinds: kinds.map((kind) => value(kind.letter)),
    inks: kinds.map((kind) => value(`${kind.letter}-ink`)),
    kindPixels: kinds.map((kind) => pixel(value(kind.letter))),
    idlePixel: pixel(value("idle")),
    panelPixel: pixel(value("panel")),
    idle: value("idle"),
    panel: value("panel"),
    text: value("text"),
    faint: value("faint"),
    line: value("line"),
    mark: value("mark"),
  };
}

// #rrggbb as the number that stands for it in the memory of an image (red first, little-endian).
function pixel(hex) {
  const rgb = parseInt(hex.slice(1), 16);
  return ((255 << 24) | ((rgb & 255) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;
}
