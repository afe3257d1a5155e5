import { encodedOf, linearOf } from "./curves.ts";
import { mapRows, type Row, type RowKernel, type RowShape, type RowTransform } from "./rows.ts";

// A cell without any visible pixel still gets the mean of its colours.
const hiddenWeight = 1e-30;

/**
 * Returns the transform for coarse pixels: each cell of `cellPx` × `cellPx` pixels (less at the right and lower edge) becomes
 * its mean in linear light, weighted by alpha. `kernel` gets rows of such cells, with alpha as their mean; its colours are
 * spread over the cells. The picture's own alpha is unchanged. Holds the alpha of `cellPx` rows.
 */
export function mapCells(shape: RowShape, cellPx: number, kernel: RowKernel): RowTransform {
  if (cellPx === 1) return mapRows(kernel);
  const { widthPx, heightPx, channels } = shape;
  return async function* cells(rows) {
    const means = createCellMeans(shape, cellPx);
    const alphas = new Float32Array(channels === 4 ? cellPx * widthPx : 0);
    const out = new Float32Array(widthPx * channels);
    let y = 0;
    for await (const row of rows) {
      const inCell = y % cellPx;
      means.add(row);
      if (channels === 4) for (let x = 0; x < widthPx; x++) alphas[inCell * widthPx + x] = row[x * 4 + 3] as number;
      y += 1;
      if (y % cellPx !== 0 && y !== heightPx) continue;
      const coarse = means.take();
      kernel(coarse, Math.ceil(y / cellPx) - 1);
      for (let i = 0; i <= inCell; i++) {
        spread(coarse, out, cellPx, channels);
        if (channels === 4) for (let x = 0; x < widthPx; x++) out[x * 4 + 3] = alphas[i * widthPx + x] as number;
        yield out;
      }
    }
  };
}

function createCellMeans(
  { widthPx, channels }: RowShape,
  cellPx: number,
): { add: (row: Row) => void; take: () => Row } {
  const columns = Math.ceil(widthPx / cellPx);
  // For each cell: weighted red, green, blue, weight, number of pixels.
  const sums = new Float64Array(columns * 5);
  const coarse = new Float32Array(columns * channels);
  const add = (at: number, amount: number) => {
    sums[at] = (sums[at] as number) + amount;
  };
  return {
    add(row) {
      for (let x = 0, i = 0; x < widthPx; x++, i += channels) {
        const cell = Math.floor(x / cellPx) * 5;
        const weight = channels === 4 ? (row[i + 3] as number) + hiddenWeight : 1;
        add(cell, weight * linearOf(row[i] as number));
        add(cell + 1, weight * linearOf(row[i + 1] as number));
        add(cell + 2, weight * linearOf(row[i + 2] as number));
        add(cell + 3, weight);
        add(cell + 4, 1);
      }
    },
    take() {
      for (let column = 0; column < columns; column++) {
        const [cell, to] = [column * 5, column * channels];
        const weight = sums[cell + 3] as number;
        for (let c = 0; c < 3; c++) coarse[to + c] = encodedOf(Math.min(1, (sums[cell + c] as number) / weight));
        if (channels === 4) {
          const alpha = weight / (sums[cell + 4] as number) - hiddenWeight;
          coarse[to + 3] = alpha > 1e-12 ? alpha : 0;
        }
      }
      sums.fill(0);
      return coarse;
    },
  };
}

function spread(coarse: Row, out: Row, cellPx: number, channels: 3 | 4): void {
  for (let to = 0, x = 0; to < out.length; to += channels, x++) {
    const from = Math.floor(x / cellPx) * channels;
    out[to] = coarse[from] as number;
    out[to + 1] = coarse[from + 1] as number;
    out[to + 2] = coarse[from + 2] as number;
  }
}
