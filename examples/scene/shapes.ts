import { type Vec, vec } from "./vector.ts";

/** A solid in its own frame: signed distance (negative inside), and a box around the origin that holds it. */
export type Shape = { readonly half: Vec; readonly distance: (p: Vec) => number };

const length2 = (x: number, y: number) => Math.sqrt(x * x + y * y);
const length3 = (x: number, y: number, z: number) => Math.sqrt(x * x + y * y + z * z);

/** A ball. */
export function ball(radius: number): Shape {
  return { half: vec(radius, radius, radius), distance: (p) => length3(p.x, p.y, p.z) - radius };
}

/** A box with these half sides, its edges rounded inwards. */
export function roundBox(half: Vec, round: number): Shape {
  return {
    half,
    distance: (p) => {
      const x = Math.abs(p.x) - half.x + round;
      const y = Math.abs(p.y) - half.y + round;
      const z = Math.abs(p.z) - half.z + round;
      return length3(Math.max(x, 0), Math.max(y, 0), Math.max(z, 0)) + Math.min(Math.max(x, y, z), 0) - round;
    },
  };
}

/** A cylinder about y, its edges rounded inwards. */
export function cylinder(radius: number, halfHeight: number, round: number): Shape {
  return {
    half: vec(radius, halfHeight, radius),
    distance: (p) => {
      const across = length2(p.x, p.z) - radius + round;
      const along = Math.abs(p.y) - halfHeight + round;
      return Math.min(Math.max(across, along), 0) + length2(Math.max(across, 0), Math.max(along, 0)) - round;
    },
  };
}

/** A rod about y with round ends; `halfHeight` to the tip. */
export function capsule(radius: number, halfHeight: number): Shape {
  return cylinder(radius, halfHeight, radius);
}

/** A ring about z. */
export function ring(radius: number, thickness: number): Shape {
  const outer = radius + thickness;
  return {
    half: vec(outer, outer, thickness),
    distance: (p) => length2(length2(p.x, p.y) - radius, p.z) - thickness,
  };
}

/** A mug about y: a wall of `wall`, a floor, a handle towards +x. */
export function mug(radius: number, halfHeight: number, wall: number): Shape {
  const outside = cylinder(radius, halfHeight, 0.04);
  const inside = cylinder(radius - wall, halfHeight, 0.04);
  const handle = ring(halfHeight * 0.52, 0.075);
  return {
    half: vec(radius + halfHeight * 0.75, halfHeight, radius),
    distance: (p) => {
      const hollow = inside.distance(vec(p.x, p.y - wall * 1.5, p.z));
      // Taking away is exact near the surface only, which is all that marching needs.
      const shell = Math.max(outside.distance(p), -hollow);
      const grip = Math.max(handle.distance(vec(p.x - radius * 1.02, p.y, p.z)), -hollow);
      return Math.min(shell, grip);
    },
  };
}

/** A pear about y: two balls that flow into each other. */
export function pear(radius: number): Shape {
  const soft = radius * 0.75;
  return {
    half: vec(radius, radius * 1.62, radius),
    distance: (p) => {
      const belly = length3(p.x, p.y + radius * 0.6, p.z) - radius;
      const neck = length3(p.x, p.y - radius * 0.85, p.z) - radius * 0.52;
      const h = Math.max(soft - Math.abs(belly - neck), 0) / soft;
      return Math.min(belly, neck) - h * h * soft * 0.25;
    },
  };
}
