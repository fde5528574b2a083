// Columns of numbers as embed.py packs them: base64 of a zlib stream of byte planes, plain or as differences.

const COLUMN_TYPES = { i1: Int8Array, i2: Int16Array, i4: Int32Array, f8: Float64Array };

async function unpackColumn(packed) {
  const planes = await inflate(bytesOf(packed.data));
  const type = COLUMN_TYPES[packed.type];
  const size = type.BYTES_PER_ELEMENT;
  const raw = new Uint8Array(packed.count * size);
  for (let plane = 0; plane < size; plane++) {
    const from = plane * packed.count;
    for (let i = 0; i < packed.count; i++) raw[i * size + plane] = planes[from + i];
  }
  const values = new type(raw.buffer);
  if (!packed.difference) return values;
  const summed = new Float64Array(packed.count);
  let sum = 0;
  for (let i = 0; i < packed.count; i++) summed[i] = sum += values[i];
  return summed;
}

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
