import type { Channels } from "@pixelmesh/imaging";

/** The reference of the kernel `layOver`, for tests: lays the pixels `from` to before `to` of `over` over those of `under`. */
export function layOverReference(
  over: Uint8Array,
  overChannels: Channels,
  under: Uint8Array,
  underChannels: Channels,
  out: Uint8Array,
  channels: 3 | 4,
  from: number,
  to: number,
): void {
  for (let pixel = from; pixel < to; pixel++) {
    const [o, u] = [pixel * overChannels, pixel * underChannels];
    const alpha = overChannels % 2 === 0 ? (over[o + overChannels - 1] as number) : 255;
    const underAlpha = underChannels % 2 === 0 ? (under[u + underChannels - 1] as number) : 255;
    // In units of 255²: the visible share of each.
    const overShare = alpha * 255;
    const underShare = (255 - alpha) * underAlpha;
    const total = overShare + underShare;
    if (channels === 4) out[pixel * 4 + 3] = Math.round(total / 255);
    if (total === 0) continue;
    if (overShare === 0 || underShare === 0) {
      const [from, start, fromChannels] = overShare === 0 ? [under, u, underChannels] : [over, o, overChannels];
      for (let c = 0; c < 3; c++) out[pixel * channels + c] = from[start + (fromChannels >= 3 ? c : 0)] as number;
      continue;
    }
    for (let c = 0; c < 3; c++) {
      const above = over[o + (overChannels >= 3 ? c : 0)] as number;
      const below = under[u + (underChannels >= 3 ? c : 0)] as number;
      out[pixel * channels + c] = Math.round((above * overShare + below * underShare) / total);
    }
  }
}
