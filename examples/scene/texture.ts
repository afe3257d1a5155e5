import { color, mix, smoothstep, type Vec } from "./vector.ts";

/** Smooth noise in 0 to 1 on a grid of 1: the corners' hashes, blended. */
export function noise(x: number, y: number, z = 0): number {
  const [ix, iy, iz] = [Math.floor(x), Math.floor(y), Math.floor(z)];
  const [fx, fy, fz] = [smoothstep(0, 1, x - ix), smoothstep(0, 1, y - iy), smoothstep(0, 1, z - iz)];
  let sum = 0;
  for (let corner = 0; corner < 8; corner++) {
    const [cx, cy, cz] = [corner & 1, (corner >> 1) & 1, corner >> 2];
    const share = (cx ? fx : 1 - fx) * (cy ? fy : 1 - fy) * (cz ? fz : 1 - fz);
    sum += share * hash(ix + cx, iy + cy, iz + cz);
  }
  return sum;
}

function hash(x: number, y: number, z: number): number {
  let h = Math.imul(x, 0x8da6b343) ^ Math.imul(y, 0xd8163841) ^ Math.imul(z, 0xcb1ab31f);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return ((h ^ (h >>> 13)) >>> 0) / 2 ** 32;
}

/** Planks of wood along x, each with its own grain. */
export function wood(x: number, z: number): Vec {
  const plank = Math.floor(z / 0.9);
  const across = z / 0.9 - plank;
  const rings = noise(x * 0.35 + plank * 17, z * 3.1, plank) * 9 + noise(x * 1.3, z * 14, plank + 40) * 1.6;
  const grain = 0.5 + 0.5 * Math.sin(rings * 2.4);
  const fibre = noise(x * 3, z * 90, plank);
  const base = mix(color("#b07a45"), color("#7a4a24"), 0.75 * grain + 0.25 * fibre);
  const shade = 0.85 + 0.3 * noise(plank * 5.3, 1, 2);
  const gap = smoothstep(0, 0.025, across) * smoothstep(0, 0.025, 1 - across);
  return mix(color("#2a1608"), mix(base, color("#c99a62"), shade - 0.85), gap);
}

/** Woven checks: two crossing bands of stripes with threads to be seen. */
export function checks(x: number, z: number, one: Vec, two: Vec): Vec {
  const band = (v: number) => smoothstep(0.46, 0.5, Math.abs((((v % 1) + 1) % 1) * 2 - 1));
  const both = (band(x * 1.6) + band(z * 1.6)) / 2;
  const thread = 0.86 + 0.14 * Math.sin(x * 62) * Math.sin(z * 62);
  const woven = mix(one, two, both);
  return { x: woven.x * thread, y: woven.y * thread, z: woven.z * thread };
}
