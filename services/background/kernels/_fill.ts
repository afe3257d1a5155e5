/** A window's colour counts fully from this visible share on; below, wider windows take over. */
const trusted: f32 = 0.1;
/** Windows that see less than this of visible pixels keep the colour of wider ones. */
const leastSeen: f32 = 1e-4;

/** Three times alpha, at most 255: a third of the object in a pixel already gives it the object's colour. */
@inline
export function hiddenByte(alpha: i32): i32 {
  return min(255, 3 * alpha);
}

/**
 * Packs pixels of RGB and of a cut-out's alpha: red, green and blue times the visible share, and that share, 16-bit integers.
 * The picture's colours become the first estimate, floats from 0 to 255.
 */
export function packHole(colors: usize, alpha: usize, count: i32, packed: usize, filled: usize): void {
  for (let i = 0; i < count; i++) {
    const visible = 255 - hiddenByte(load<u8>(alpha + <usize>i));
    const from = colors + <usize>(3 * i);
    const to = packed + (<usize>i << 3);
    const target = filled + (<usize>i << 4);
    for (let c: usize = 0; c < 3; c++) {
      const sample: i32 = load<u8>(from + c);
      store<u16>(to + 2 * c, <u16>(sample * visible));
      store<f32>(target + 4 * c, <f32>sample);
    }
    store<u16>(to, <u16>visible, 6);
    store<f32>(target, 0, 12);
  }
}

/**
 * Overrides the estimate by the mean visible colours of windows of one radius, where these see enough. `columns` has 16 bytes
 * for each pixel of a row and for twice the radius. Sums are exact up to 66,051 pixels.
 */
export function fillHole(packed: usize, filled: usize, widthPx: i32, heightPx: i32, radius: i32, columns: usize): void {
  memory.fill(columns, 0, <usize>(widthPx + 2 * radius) << 4);
  for (let y = 0; y < min(radius, heightPx); y++) moveRow(packed, widthPx, y, columns, radius, false);
  for (let y = 0; y < heightPx; y++) {
    if (y + radius < heightPx) moveRow(packed, widthPx, y + radius, columns, radius, false);
    if (y > radius) moveRow(packed, widthPx, y - radius - 1, columns, radius, true);
    const rows = min(y + radius, heightPx - 1) - max(y - radius, 0) + 1;
    fillRow(filled + (<usize>(y * widthPx) << 4), widthPx, radius, columns, rows);
  }
}

function moveRow(packed: usize, widthPx: i32, y: i32, columns: usize, radius: i32, isLeaving: bool): void {
  let from = packed + (<usize>(y * widthPx) << 3);
  let column = columns + (<usize>radius << 4);
  for (let x = 0; x < widthPx; x++) {
    const pixel = v128.load16x4_u(from);
    const sums = v128.load(column);
    v128.store(column, isLeaving ? i32x4.sub(sums, pixel) : i32x4.add(sums, pixel));
    from += 8;
    column += 16;
  }
}

function fillRow(filled: usize, widthPx: i32, radius: i32, columns: usize, rows: i32): void {
  let entering = columns;
  let sums = i32x4.splat(0);
  for (let i = 0; i < min(2 * radius, radius + widthPx); i++) {
    sums = i32x4.add(sums, v128.load(entering));
    entering += 16;
  }
  entering = columns + (<usize>(2 * radius) << 4);
  let leaving = columns;
  for (let x = 0; x < widthPx; x++) {
    sums = i32x4.add(sums, v128.load(entering));
    const values = f32x4.convert_i32x4_u(sums);
    const share = f32x4.extract_lane(values, 3);
    const pixels = rows * (min(x + radius, widthPx - 1) - max(x - radius, 0) + 1);
    const seen = share / (255 * <f32>pixels);
    if (seen >= leastSeen) {
      const to = filled + (<usize>x << 4);
      const old = v128.load(to);
      const mean = f32x4.div(values, f32x4.splat(share));
      const part = f32x4.splat(min<f32>(1, seen / trusted));
      v128.store(to, f32x4.add(old, f32x4.mul(f32x4.sub(mean, old), part)));
    }
    sums = i32x4.sub(sums, v128.load(leaving));
    entering += 16;
    leaving += 16;
  }
}
