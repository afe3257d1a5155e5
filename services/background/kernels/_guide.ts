import { placeBytes } from "./_places";
import { plan } from "./_plan";
import { toOpaque } from "./_pixels";

/** The coarse alpha is an integer, so that sums over windows are exact. */
export const alphaOne: f32 = 16384;

/** Packs `count` rows of the working picture, which lie at `from`, from row `y` on, with the matte's alpha. */
export function packRows(y: i32, count: i32, from: usize, channels: i32): void {
  for (let row = 0; row < count; row++) {
    const to = plan.guide + (<usize>(y + row) * <usize>plan.widthPx << 3);
    packColors(from + <usize>(row * plan.widthPx * channels), channels, to);
    packAlpha(y + row, to);
  }
}

function packColors(from: usize, channels: i32, to: usize): void {
  for (let x = 0; x < plan.widthPx; x++) {
    const at = from + <usize>(x * channels);
    const step: usize = channels >= 3 ? 1 : 0;
    const own: i32 = channels % 2 == 0 ? load<u8>(at + <usize>channels - 1) : 255;
    store<u16>(to, <u16>toOpaque(load<u8>(at), own));
    store<u16>(to, <u16>toOpaque(load<u8>(at + step), own), 2);
    store<u16>(to, <u16>toOpaque(load<u8>(at + 2 * step), own), 4);
    to += 8;
  }
}

/** Resamples the matte to row `y`. */
function packAlpha(y: i32, to: usize): void {
  const down = plan.matteDown + <usize>y * placeBytes;
  const upper = plan.matte + <usize>load<i32>(down);
  const lower = min(upper + <usize>plan.matteWidthPx * 4, plan.matte + <usize>((plan.matteHeightPx - 1) * plan.matteWidthPx * 4));
  const share = load<f32>(down, 4);
  const row = plan.matteRow;
  for (let i = 0; i < plan.matteWidthPx; i++) {
    const at = <usize>i << 2;
    const above = load<f32>(upper + at);
    store<f32>(row + at, above + (load<f32>(lower + at) - above) * share);
  }
  const last = row + (<usize>plan.matteWidthPx << 2);
  store<f32>(last, load<f32>(last - 4));
  for (let x = 0; x < plan.widthPx; x++) {
    const place = plan.matteAcross + <usize>x * placeBytes;
    const at = row + <usize>load<i32>(place);
    const left = load<f32>(at);
    const alpha = left + (load<f32>(at, 4) - left) * load<f32>(place, 4);
    store<u16>(to, <u16>(alpha * alphaOne + 0.5), 6);
    to += 8;
  }
}
