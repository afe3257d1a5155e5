import { type Hit, intersect, reflect, type Thing } from "./trace.ts";
import { add, cross, dot, mix, mul, normalize, scale, sub, type Vec, vec } from "./vector.ts";

/** A world with its light and where it is seen from. */
export type Scene = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly eye: Vec;
  readonly lookAt: Vec;
  /** Height of the picture at distance 1. */
  readonly zoom: number;
  readonly things: readonly Thing[];
  /** A square lamp that faces `target`; soft shadows come from its size. */
  readonly lamp: { readonly at: Vec; readonly target: Vec; readonly side: number; readonly light: Vec };
  /** Light from where there is nothing, by direction. */
  readonly sky: (direction: Vec) => Vec;
  readonly exposure: number;
};

/** Linear light per pixel, and the share of each pixel that the salient object covers. */
export type Rendering = { readonly light: Float32Array; readonly mask: Float32Array };

const FAR = 1e4;
const MAX_BOUNCES = 3;
const LIFT = 2e-3;
const ROUGH = 0.04;

/**
 * Path tracing with `grid` x `grid` stratified samples a pixel: one shadow ray to the lamp at each scattering, the sky
 * gathered by the bounces. The same scene gives the same picture: the random numbers are seeded by the pixel.
 */
export function render(scene: Scene, grid: number): Rendering {
  const { widthPx, heightPx, eye } = scene;
  const forward = normalize(sub(scene.lookAt, eye));
  const right = normalize(cross(forward, vec(0, 1, 0)));
  const up = cross(right, forward);
  const light = new Float32Array(widthPx * heightPx * 3);
  const mask = new Float32Array(widthPx * heightPx);
  for (let pixel = 0; pixel < widthPx * heightPx; pixel++) {
    const random = createRandom(pixel);
    let sum = vec(0, 0, 0);
    let covered = 0;
    for (let sample = 0; sample < grid * grid; sample++) {
      const u = (pixel % widthPx) + ((sample % grid) + random()) / grid;
      const v = Math.floor(pixel / widthPx) + (Math.floor(sample / grid) + random()) / grid;
      const across = scale(right, ((u - widthPx / 2) / heightPx) * scene.zoom);
      const direction = normalize(add(add(forward, across), scale(up, (0.5 - v / heightPx) * scene.zoom)));
      const first = intersect(scene.things, eye, direction, FAR);
      if (first?.thing.salient) covered += 1;
      // The strata of the pixel serve the first shadow ray too, shuffled so that the two are not in step.
      const stratum = (sample * 7) % (grid * grid);
      const spot = { a: ((stratum % grid) + random()) / grid, b: (Math.floor(stratum / grid) + random()) / grid };
      sum = add(sum, seen({ scene, random, spot }, first, direction, 0, true));
    }
    const share = 1 / (grid * grid);
    light.set([sum.x * share, sum.y * share, sum.z * share], pixel * 3);
    mask[pixel] = covered * share;
  }
  return { light, mask };
}

/** What one sample carries along its path. */
type Path = {
  readonly scene: Scene;
  readonly random: () => number;
  /** Where on the lamp the first shadow ray ends, 0 to 1 each way. */
  readonly spot: { readonly a: number; readonly b: number };
};

/**
 * The light that comes back along `direction` from where it hit. `direct` until a first scattering or a
 * rough mirror: after it, varnish no longer mirrors and the lamp is no longer seen in metal, since such rare bright paths
 * would be noise and little else.
 */
function seen(path: Path, hit: Hit | undefined, direction: Vec, bounce: number, direct: boolean): Vec {
  if (hit === undefined) return path.scene.sky(direction);
  const { material } = hit.thing;
  const normal = dot(hit.normal, direction) > 0 ? scale(hit.normal, -1) : hit.normal;
  const albedo = material.albedo(hit.local, hit.normal);
  const from = add(hit.p, scale(normal, LIFT));
  const mirrored = () => {
    const spread = scale(inBall(path.random), material.rough);
    const away = normalize(add(reflect(direction, normal), spread));
    const lamp = direct ? seenLamp(path.scene, from, away) : vec(0, 0, 0);
    if (bounce === MAX_BOUNCES) return lamp;
    const sharp = direct && material.rough < ROUGH;
    return add(lamp, seen(path, intersect(path.scene.things, from, away, FAR), away, bounce + 1, sharp));
  };
  if (material.metal) return mul(albedo, mirrored());
  let light = fromLamp(path, from, normal, bounce);
  if (bounce < MAX_BOUNCES) {
    const away = normalize(add(normal, onSphere(path.random)));
    light = add(light, seen(path, intersect(path.scene.things, from, away, FAR), away, bounce + 1, false));
  }
  const scattered = mul(albedo, light);
  if (material.gloss === 0 || !direct) return scattered;
  // Schlick's approximation of Fresnel's law.
  const fresnel = material.gloss + (1 - material.gloss) * (1 + dot(direction, normal)) ** 5;
  return mix(scattered, mirrored(), fresnel);
}

/** Light straight from a point of the lamp, on a surface that scatters. */
function fromLamp({ scene, random, spot }: Path, p: Vec, normal: Vec, bounce: number): Vec {
  const { lamp } = scene;
  const { facing, u, v } = frameOf(lamp);
  const a = (bounce === 0 ? spot.a : random()) - 0.5;
  const b = (bounce === 0 ? spot.b : random()) - 0.5;
  const way = sub(add(lamp.at, add(scale(u, a * lamp.side), scale(v, b * lamp.side))), p);
  const distance = Math.sqrt(dot(way, way));
  const direction = scale(way, 1 / distance);
  const received = dot(direction, normal);
  const sent = -dot(direction, facing);
  if (received <= 0 || sent <= 0) return vec(0, 0, 0);
  if (intersect(scene.things, p, direction, distance - LIFT) !== undefined) return vec(0, 0, 0);
  return scale(lamp.light, (received * sent * lamp.side * lamp.side) / (Math.PI * distance * distance));
}

/** The lamp itself, where a mirrored ray meets it unhindered. */
function seenLamp({ lamp, things }: Scene, p: Vec, direction: Vec): Vec {
  const { facing, u, v } = frameOf(lamp);
  const t = dot(sub(lamp.at, p), facing) / dot(direction, facing);
  if (!(t > 0) || dot(direction, facing) >= 0) return vec(0, 0, 0);
  const off = sub(add(p, scale(direction, t)), lamp.at);
  if (Math.abs(dot(off, u)) > lamp.side / 2 || Math.abs(dot(off, v)) > lamp.side / 2) return vec(0, 0, 0);
  return intersect(things, p, direction, t) === undefined ? lamp.light : vec(0, 0, 0);
}

function frameOf(lamp: Scene["lamp"]): { readonly facing: Vec; readonly u: Vec; readonly v: Vec } {
  const facing = normalize(sub(lamp.target, lamp.at));
  const u = normalize(cross(facing, vec(0.1, 1, 0.2)));
  return { facing, u, v: cross(u, facing) };
}

/** Even over the unit sphere; added to a normal it is a cosine-weighted direction. */
function onSphere(random: () => number): Vec {
  const z = 1 - 2 * random();
  const around = 2 * Math.PI * random();
  const r = Math.sqrt(1 - z * z);
  return vec(r * Math.cos(around), r * Math.sin(around), z);
}

function inBall(random: () => number): Vec {
  return scale(onSphere(random), Math.cbrt(random()));
}

/** Marsaglia's xorshift32, after a mix of the seed so that neighbours begin far apart. */
function createRandom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) ^ 0x85ebca6b;
  state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** The rendering as 8-bit sRGB: exposure, a soft shoulder that keeps highlights from clipping, then the sRGB curve. */
export function develop({ light }: Rendering, exposure: number): Uint8Array {
  const data = new Uint8Array(light.length);
  for (const [at, value] of light.entries()) {
    const exposed = value * exposure;
    const linear = exposed < 0.6 ? exposed : 0.6 + 0.4 * Math.tanh((exposed - 0.6) / 0.4);
    const srgb = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
    data[at] = Math.round(255 * Math.min(1, srgb));
  }
  return data;
}

/** Light of a sky that is brighter overhead. */
export function gradientSky(low: Vec, high: Vec): (direction: Vec) => Vec {
  return (direction) => mix(low, high, 0.5 + 0.5 * direction.y);
}
