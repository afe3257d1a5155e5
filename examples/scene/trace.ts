import type { Shape } from "./shapes.ts";
import { add, dot, normalize, type Rotation, scale, sub, toLocal, toWorld, type Vec, vec } from "./vector.ts";

/** What a surface is made of. */
export type Material = {
  /** Share of light that is scattered, per colour, at a point of the object's own frame with its normal there. */
  readonly albedo: (p: Vec, normal: Vec) => Vec;
  /** Reflection seen straight on: 0 is matt, 0.04 varnish; with `metal` it is tinted by the albedo and nothing scatters. */
  readonly gloss: number;
  readonly metal?: boolean;
  /** Spread of the reflection, 0 for a mirror. */
  readonly rough: number;
};

/** A shape with a material, somewhere in the world. */
export type Thing = Placed & {
  /** Of a ball around `at` that holds the shape. */
  readonly reach: number;
};

/** What places a thing. */
export type Placed = {
  readonly shape: Shape;
  readonly material: Material;
  readonly at: Vec;
  readonly turn: Rotation;
  /** Whether it belongs to the one object that the picture is of. */
  readonly salient: boolean;
};

/** Where a ray meets the world. */
export type Hit = {
  readonly t: number;
  readonly p: Vec;
  readonly normal: Vec;
  readonly local: Vec;
  readonly thing: Thing;
};

/** A thing, with the ball around it. */
export function place(placed: Placed): Thing {
  const { half } = placed.shape;
  return { ...placed, reach: Math.sqrt(dot(half, half)) };
}

const NEAR = 1e-3;
const MAX_STEPS = 96;

/** The first thing on a ray, at most `far` away; undefined where there is none. */
export function intersect(things: readonly Thing[], origin: Vec, direction: Vec, far: number): Hit | undefined {
  let nearest = far;
  let found: Thing | undefined;
  for (const thing of things) {
    if (passesBy(thing, origin, direction)) continue;
    const t = march(thing, origin, direction, nearest);
    if (t < nearest) {
      nearest = t;
      found = thing;
    }
  }
  if (found === undefined) return undefined;
  const p = add(origin, scale(direction, nearest));
  const local = toLocal(found.turn, sub(p, found.at));
  return { t: nearest, p, normal: toWorld(found.turn, normalAt(found.shape, local)), local, thing: found };
}

/** Whether the ray misses the ball around a thing; most do, and this is the cheapest way to know. */
function passesBy({ at, reach }: Thing, origin: Vec, direction: Vec): boolean {
  const x = at.x - origin.x;
  const y = at.y - origin.y;
  const z = at.z - origin.z;
  const along = x * direction.x + y * direction.y + z * direction.z;
  return along < -reach || x * x + y * y + z * z - along * along > reach * reach;
}

/** Enters the shape's box, then steps by its distance, which cannot overshoot. Infinity for a miss. */
function march(thing: Thing, origin: Vec, direction: Vec, far: number): number {
  const o = toLocal(thing.turn, sub(origin, thing.at));
  const d = toLocal(thing.turn, direction);
  const { half, distance } = thing.shape;
  const tx1 = (-half.x - o.x) / d.x;
  const tx2 = (half.x - o.x) / d.x;
  const ty1 = (-half.y - o.y) / d.y;
  const ty2 = (half.y - o.y) / d.y;
  const tz1 = (-half.z - o.z) / d.z;
  const tz2 = (half.z - o.z) / d.z;
  let t = Math.max(Math.min(tx1, tx2), Math.min(ty1, ty2), Math.min(tz1, tz2), NEAR);
  const end = Math.min(Math.max(tx1, tx2), Math.max(ty1, ty2), Math.max(tz1, tz2), far);
  for (let step = 0; step < MAX_STEPS && t < end + NEAR; step++) {
    const gap = distance(vec(o.x + d.x * t, o.y + d.y * t, o.z + d.z * t));
    if (gap < NEAR / 4) return t;
    t += gap;
  }
  return Number.POSITIVE_INFINITY;
}

function normalAt({ distance }: Shape, p: Vec): Vec {
  const e = 1e-4;
  return normalize(
    vec(
      distance(vec(p.x + e, p.y, p.z)) - distance(vec(p.x - e, p.y, p.z)),
      distance(vec(p.x, p.y + e, p.z)) - distance(vec(p.x, p.y - e, p.z)),
      distance(vec(p.x, p.y, p.z + e)) - distance(vec(p.x, p.y, p.z - e)),
    ),
  );
}

/** The direction of a mirror's reflection. */
export function reflect(direction: Vec, normal: Vec): Vec {
  return sub(direction, scale(normal, 2 * dot(direction, normal)));
}
