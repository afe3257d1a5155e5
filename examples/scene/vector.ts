/** A point, direction or linear colour. */
export type Vec = { readonly x: number; readonly y: number; readonly z: number };

export const vec = (x: number, y: number, z: number): Vec => ({ x, y, z });
export const add = (a: Vec, b: Vec): Vec => vec(a.x + b.x, a.y + b.y, a.z + b.z);
export const sub = (a: Vec, b: Vec): Vec => vec(a.x - b.x, a.y - b.y, a.z - b.z);
export const mul = (a: Vec, b: Vec): Vec => vec(a.x * b.x, a.y * b.y, a.z * b.z);
export const scale = (a: Vec, factor: number): Vec => vec(a.x * factor, a.y * factor, a.z * factor);
export const dot = (a: Vec, b: Vec): number => a.x * b.x + a.y * b.y + a.z * b.z;
export const cross = (a: Vec, b: Vec): Vec => vec(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x);
export const normalize = (a: Vec): Vec => scale(a, 1 / Math.sqrt(dot(a, a)));
export const mix = (a: Vec, b: Vec, share: number): Vec => add(scale(a, 1 - share), scale(b, share));

/** 0 below `low`, 1 above `high`, smooth between: the edge of a texture, wide enough not to alias. */
export function smoothstep(low: number, high: number, value: number): number {
  const t = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return t * t * (3 - 2 * t);
}

/** An sRGB colour as #rrggbb, in linear light. */
export function color(hex: string): Vec {
  const channel = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return vec(channel(1), channel(3), channel(5));
}

/** A rotation as the images of the three axes. */
export type Rotation = { readonly x: Vec; readonly y: Vec; readonly z: Vec };

/** Turns about y by `yaw`, after leaning about z by `roll` and about x by `pitch`; degrees. */
export function rotation(yaw: number, roll = 0, pitch = 0): Rotation {
  const turn = (p: Vec): Vec => {
    const [cp, sp] = angle(pitch);
    const pitched = vec(p.x, cp * p.y - sp * p.z, sp * p.y + cp * p.z);
    const [cr, sr] = angle(roll);
    const rolled = vec(cr * pitched.x - sr * pitched.y, sr * pitched.x + cr * pitched.y, pitched.z);
    const [cy, sy] = angle(yaw);
    return vec(cy * rolled.x + sy * rolled.z, rolled.y, -sy * rolled.x + cy * rolled.z);
  };
  return { x: turn(vec(1, 0, 0)), y: turn(vec(0, 1, 0)), z: turn(vec(0, 0, 1)) };
}

/** From the rotated frame to the world. */
export const toWorld = (r: Rotation, p: Vec): Vec => add(add(scale(r.x, p.x), scale(r.y, p.y)), scale(r.z, p.z));

/** From the world to the rotated frame. */
export const toLocal = (r: Rotation, p: Vec): Vec => vec(dot(r.x, p), dot(r.y, p), dot(r.z, p));

function angle(degrees: number): readonly [cos: number, sin: number] {
  const radians = (degrees * Math.PI) / 180;
  return [Math.cos(radians), Math.sin(radians)];
}
