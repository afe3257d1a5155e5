import type { RowSource } from "@pixelmesh/imaging";

/**
 * Returns the colours of a picture with alpha, with visible colours extended under transparent ones: a fully transparent pixel
 * within `reachPx` of a visible one gets the mean of its neighbours that already have a colour, layer by layer. Otherwise hidden
 * colours, often black, would bleed into the edges through filters and models.
 */
export function bleedColors(source: RowSource, reachPx: number): RowSource {
  const { widthPx, heightPx, channels } = source;
  const colors = channels - 1;
  return {
    widthPx,
    heightPx,
    channels: colors === 1 ? 1 : 3,
    async readRows(y, count) {
      // Each layer reaches one pixel further, so no other rows matter.
      const top = Math.max(0, y - reachPx);
      const bottom = Math.min(heightPx, y + count + reachPx);
      const band = createBand(await source.readRows(top, bottom - top), widthPx, channels);
      let layer = band.frontier();
      for (let distance = 0; distance < reachPx && layer.length > 0; distance++) layer = band.fill(layer);
      return band.color.slice((y - top) * widthPx * colors, (y - top + count) * widthPx * colors);
    },
  };
}

const unknown = 0;
const known = 1;
const waiting = 2;

function createBand(rows: Uint8Array, widthPx: number, channels: number) {
  const colors = channels - 1;
  const pixels = rows.length / channels;
  const heightPx = pixels / widthPx;
  const color = new Uint8Array(pixels * colors);
  const state = new Uint8Array(pixels);
  for (let pixel = 0, from = 0, to = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < colors; channel++) color[to++] = rows[from++] as number;
    state[pixel] = rows[from++] === 0 ? unknown : known;
  }

  function* neighbours(pixel: number): Generator<number> {
    const x = pixel % widthPx;
    const y = (pixel - x) / widthPx;
    for (let ny = Math.max(0, y - 1); ny <= Math.min(heightPx - 1, y + 1); ny++) {
      for (let nx = Math.max(0, x - 1); nx <= Math.min(widthPx - 1, x + 1); nx++) {
        const other = ny * widthPx + nx;
        if (other !== pixel) yield other;
      }
    }
  }

  /** Returns the pixels without a colour beside these, each once. */
  function beside(layer: Iterable<number>): number[] {
    const next: number[] = [];
    for (const pixel of layer) {
      for (const other of neighbours(pixel)) {
        if (state[other] !== unknown) continue;
        state[other] = waiting;
        next.push(other);
      }
    }
    return next;
  }

  function* border(): Generator<number> {
    for (let pixel = 0; pixel < pixels; pixel++) {
      if (state[pixel] !== known) continue;
      // Cheap checks first: most pixels are inside.
      const inside = state[pixel - 1] === known && state[pixel + 1] === known;
      const around = state[pixel - widthPx] === known && state[pixel + widthPx] === known;
      if (!inside || !around || pixel % widthPx === 0 || (pixel + 1) % widthPx === 0) yield pixel;
      else if (state[pixel - widthPx - 1] !== known || state[pixel - widthPx + 1] !== known) yield pixel;
      else if (state[pixel + widthPx - 1] !== known || state[pixel + widthPx + 1] !== known) yield pixel;
    }
  }

  return {
    color,
    /** Returns the first layer: transparent pixels beside others. */
    frontier: () => beside(border()),
    /** Gives a layer its colours. Returns the next layer. */
    fill(layer: readonly number[]): number[] {
      for (const pixel of layer) {
        for (let channel = 0; channel < colors; channel++) {
          let sum = 0;
          let count = 0;
          for (const other of neighbours(pixel)) {
            if (state[other] !== known) continue;
            sum += color[other * colors + channel] as number;
            count++;
          }
          color[pixel * colors + channel] = Math.round(sum / count);
        }
      }
      for (const pixel of layer) state[pixel] = known;
      return beside(layer);
    },
  };
}
