import type { Channels, Frame } from "@pixelmesh/imaging";
import type { Pace } from "@pixelmesh/lifecycle";
import type { Plane, Size } from "../src/domain/planes/plane.ts";

/** A picture as background that covers all, centred. */
export const covering = { kind: "picture", fit: "cover", x: 0.5, y: 0.5, rgb: [255, 255, 255] } as const;

/** A pace that never pauses. */
export const noPause: Pace = async () => {};

/** Returns a frame of computed samples: `sample(x, y, channel)` from 0 to 255, rounded and clamped. */
export function createPicture(
  size: Size,
  channels: Channels,
  sample: (x: number, y: number, c: number) => number,
): Frame {
  const { widthPx, heightPx } = size;
  const data = new Uint8ClampedArray(widthPx * heightPx * channels);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / channels);
    data[i] = Math.round(sample(pixel % widthPx, Math.floor(pixel / widthPx), i % channels));
  }
  return { widthPx, heightPx, channels, data: new Uint8Array(data.buffer) };
}

/** Returns a plane of computed values. */
export function createValues(size: Size, value: (x: number, y: number) => number): Plane {
  const data = Float32Array.from({ length: size.widthPx * size.heightPx }, (_, i) =>
    value(i % size.widthPx, Math.floor(i / size.widthPx)),
  );
  return { ...size, data };
}

/** Returns a deterministic sequence of numbers from 0 to 1: a linear congruential generator with the constants of Numerical Recipes. */
export function createSequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Returns a smooth texture of a colour, different for each seed. */
export function textured(seed: number): (x: number, y: number, c: number) => number {
  const next = createSequence(seed);
  const waves = Array.from({ length: 6 }, () => [next() * 0.3, next() * 0.3, next() * 6.3, next() * 26] as const);
  const base = [next() * 200, next() * 200, next() * 200].map((value) => value + 28);
  return (x, y, c) =>
    waves.reduce(
      (sum, [fx, fy, phase, height], i) => sum + height * Math.sin(fx * x + fy * y + phase + i * c),
      base[c] as number,
    );
}

/** Returns alpha of a wavy blob with fine hairs, 0 to 1, antialiased. */
export function createHairyBlob({ widthPx, heightPx }: Size, seed: number): Plane {
  const [cx, cy, unit] = [widthPx / 2, heightPx / 2, Math.min(widthPx, heightPx) / 4];
  const plane = createValues({ widthPx, heightPx }, (x, y) => {
    const angle = Math.atan2(y - cy, x - cx);
    const radius = unit * (1 + 0.2 * Math.sin(3 * angle + seed) + 0.08 * Math.sin(11 * angle));
    return Math.min(1, Math.max(0, radius - Math.hypot(x - cx, y - cy) + 0.5));
  });
  const next = createSequence(seed);
  for (let hair = 0; hair < 120; hair++) {
    const angle = next() * 2 * Math.PI;
    let [x, y, direction] = [
      cx + 0.95 * unit * Math.cos(angle),
      cy + 0.95 * unit * Math.sin(angle),
      angle + next() - 0.5,
    ];
    for (let step = 0; step < unit * 0.4; step++) {
      direction += (next() - 0.5) * 0.15;
      x += Math.cos(direction);
      y += Math.sin(direction);
      const at = Math.round(y) * widthPx + Math.round(x);
      plane.data[at] = Math.max(plane.data[at] ?? 0, 0.9);
    }
  }
  return plane;
}

/** Mixes an object over a background by alpha. */
export function mixLayers(object: Frame, background: Frame, alpha: Plane): Frame {
  const data = Uint8Array.from(object.data, (sample, i) => {
    const share = alpha.data[Math.floor(i / object.channels)] as number;
    return Math.round(sample * share + (background.data[i] as number) * (1 - share));
  });
  return { ...object, data };
}

/** Converts a plane of 0 to 1 to a grey frame. */
export function toGrey(plane: Plane): Frame {
  const data = Uint8Array.from(plane.data, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
  return { widthPx: plane.widthPx, heightPx: plane.heightPx, channels: 1, data };
}
