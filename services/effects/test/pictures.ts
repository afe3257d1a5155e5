import type { Channels, Frame } from "@pixelmesh/imaging";
import type { Effect, Value } from "@pixelmesh/proto";
import { hash32 } from "../src/domain/draw/noise.ts";

/** Returns a picture with ramps, edges, colours and some noise, so that every setting of every effect changes it. */
export function createPicture(widthPx: number, heightPx: number, channels: Channels): Frame {
  const data = new Uint8Array(widthPx * heightPx * channels);
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const inside = Math.hypot(x - widthPx / 2, y - heightPx / 2) < Math.min(widthPx, heightPx) / 3;
      const ramp = (255 * x) / Math.max(1, widthPx - 1);
      const noise = (hash32(y * widthPx + x) % 17) - 8;
      const colors = inside ? [230, 60 + ramp / 3, 40] : [ramp, 255 - ramp, (255 * y) / Math.max(1, heightPx - 1)];
      for (let c = 0; c < channels; c++, i++) {
        const isAlpha = (channels === 2 || channels === 4) && c === channels - 1;
        data[i] = isAlpha ? hash32(i) % 256 : Math.min(255, Math.max(0, Math.round((colors[c] as number) + noise)));
      }
    }
  }
  return { widthPx, heightPx, channels, data };
}

/** Returns a picture of one colour. */
export function createFlat(widthPx: number, heightPx: number, samples: readonly number[]): Frame {
  const data = new Uint8Array(widthPx * heightPx * samples.length);
  for (let i = 0; i < data.length; i++) data[i] = samples[i % samples.length] as number;
  return { widthPx, heightPx, channels: samples.length as Channels, data };
}

/** Returns an effect as callers send it. `#…` is a colour, other strings are texts. */
export function toEffect(name: string, settings: Record<string, number | string | boolean> = {}): Effect {
  const parameters = Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, toValue(value)]));
  return { name, parameters };
}

function toValue(value: number | string | boolean): Value {
  if (typeof value === "number") return { kind: { $case: "number", value } };
  if (typeof value === "boolean") return { kind: { $case: "flag", value } };
  return value.startsWith("#") ? { kind: { $case: "color", value } } : { kind: { $case: "text", value } };
}

/** Returns the pixels of a frame, each as its samples. */
export function toPixels({ data, channels }: Frame): number[][] {
  return Array.from({ length: data.length / channels }, (_, i) => [...data.subarray(i * channels, (i + 1) * channels)]);
}
