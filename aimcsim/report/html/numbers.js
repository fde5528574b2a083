// Numbers as people read them.

const THIN_SPACE = "\u2009";

function grouped(number) {
  const [whole, rest] = String(number).split(".");
  return whole.replace(/\B(?=(\d{3})+$)/g, THIN_SPACE) + (rest ? `.${rest}` : "");
}

function short(number) {
  if (number === null || number === undefined) return "–";
  if (Number.isInteger(number)) return grouped(number);
  const size = Math.abs(number);
  if (size < 1e-3 || size >= 1e9) return number.toExponential(3);
  return size >= 1000 ? grouped(number.toFixed(1)) : String(Number(number.toPrecision(4)));
}

// Round numbers (1, 2 or 5 times a power of ten) from `low` to `high`, at most `most` of them.
function ticks(low, high, most, least = 0) {
  const rough = Math.max((high - low) / Math.max(most, 1), least, 1e-300);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((value) => value >= rough * (1 - 1e-9));
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) {
    found.push(Number((n * step).toPrecision(12)));
  }
  return found;
}
