import { lettering } from "./lettering.ts";
import { metal, paint, textured } from "./materials.ts";
import { gradientSky, type Scene } from "./render.ts";
import { ball, capsule, cylinder, ring, roundBox, type Shape } from "./shapes.ts";
import { noise } from "./texture.ts";
import { type Material, place, type Thing } from "./trace.ts";
import { color, mix, type Rotation, rotation, scale, toWorld, type Vec, vec } from "./vector.ts";

const enamel = paint("#c8452f", 0.05, 0.03);
const ivory = paint("#eadfc4", 0.05, 0.04);
const dark = paint("#23262e", 0.04, 0.05);
const steel = metal("#a9adb6", 0.1);
const brass = metal("#d9a648", 0.06);

const badge = lettering("R-64", 0.2, 0.7);

/** The chest plate: a name, a scale with ticks, warning stripes. */
function chestPlate(p: Vec, normal: Vec): Vec {
  const plate = color("#eadfc4");
  const ink = color("#23262e");
  if (normal.z < 0.9) return plate;
  if (p.y < -0.24) return Math.sin((p.x + p.y) * 42) > 0 ? ink : color("#e2b43c");
  const tick = Math.abs(p.y + 0.1) < 0.05 && Math.sin(p.x * 105) > 0.55;
  return mix(plate, ink, Math.max(badge(p.x, p.y - 0.16), tick ? 1 : 0));
}

const body: Rotation = rotation(-20);

function part(shape: Shape, material: Material, at: Vec, roll = 0, pitch = 0): Thing {
  const own = rotation(0, roll, pitch);
  const turn = { x: toWorld(body, own.x), y: toWorld(body, own.y), z: toWorld(body, own.z) };
  return place({ shape, material, at: toWorld(body, at), turn, salient: true });
}

/** Left and right of the same part. */
function pair(shape: Shape, material: Material, at: Vec, roll = 0, pitch = 0): Thing[] {
  return [part(shape, material, at, roll, pitch), part(shape, material, vec(-at.x, at.y, at.z), -roll, pitch)];
}

function robot(): Thing[] {
  return [
    ...pair(roundBox(vec(0.3, 0.14, 0.44), 0.08), dark, vec(0.38, 0.14, 0.08)),
    ...pair(cylinder(0.17, 0.3, 0.03), steel, vec(0.38, 0.5, 0)),
    ...[0.36, 0.5, 0.64].flatMap((y) => pair(turned(ring(0.17, 0.035)), dark, vec(0.38, y, 0))),
    part(roundBox(vec(0.86, 0.72, 0.5), 0.13), enamel, vec(0, 1.45, 0)),
    part(roundBox(vec(0.58, 0.42, 0.05), 0.03), textured(chestPlate, 0.04, 0.05), vec(0, 1.52, 0.5)),
    ...pair(ball(0.045), brass, vec(0.72, 2.0, 0.47)),
    ...pair(ball(0.045), brass, vec(0.72, 0.9, 0.47)),
    part(cylinder(0.24, 0.12, 0.03), dark, vec(0, 2.24, 0)),
    part(roundBox(vec(0.66, 0.5, 0.46), 0.14), ivory, vec(0, 2.82, 0)),
    ...pair(facing(cylinder(0.2, 0.08, 0.03)), dark, vec(0.27, 2.9, 0.46)),
    ...pair(ball(0.15), paint("#7fd4e6", 0.06, 0.01), vec(0.27, 2.9, 0.47)),
    ...pair(ball(0.06), dark, vec(0.285, 2.9, 0.585)),
    part(roundBox(vec(0.34, 0.09, 0.04), 0.03), dark, vec(0, 2.54, 0.46)),
    ...[-0.2, -0.1, 0, 0.1, 0.2].map((x) => part(roundBox(vec(0.018, 0.07, 0.03), 0.01), steel, vec(x, 2.54, 0.485))),
    ...pair(sideways(cylinder(0.16, 0.09, 0.03)), brass, vec(0.72, 2.84, 0)),
    part(capsule(0.03, 0.22), steel, vec(0, 3.48, 0)),
    part(ball(0.1), paint("#d9362b", 0.06, 0.01), vec(0, 3.74, 0)),
    ...pair(ball(0.22), dark, vec(0.98, 1.92, 0)),
    // One arm raised, one at its side.
    part(capsule(0.13, 0.44), ivory, vec(1.26, 2.22, 0.06), -38),
    part(capsule(0.12, 0.4), enamel, vec(1.6, 2.78, 0.12), -14),
    part(turned(ring(0.17, 0.065)), dark, vec(1.68, 3.24, 0.15), -14, 90),
    part(capsule(0.13, 0.42), ivory, vec(-1.1, 1.6, 0.04), -14),
    part(capsule(0.12, 0.38), enamel, vec(-1.2, 1.02, 0.2), -4, -28),
    part(turned(ring(0.17, 0.065)), dark, vec(-1.22, 0.6, 0.42), 0, 60),
  ];
}

/** A ring about y instead of z. */
const turned = (shape: Shape): Shape => swapped(shape, (p) => vec(p.x, p.z, p.y));
/** A cylinder about z instead of y. */
const facing = turned;
/** A cylinder about x instead of y. */
const sideways = (shape: Shape): Shape => swapped(shape, (p) => vec(p.y, p.x, p.z));

function swapped({ half, distance }: Shape, swap: (p: Vec) => Vec): Shape {
  return { half: swap(half), distance: (p) => distance(swap(p)) };
}

/** A toy robot alone before a seamless backdrop. */
export function portraitObject(widthPx: number, heightPx: number): Scene {
  const paper = textured((p) => scale(color("#8fa3b0"), 0.94 + 0.12 * noise(p.x * 9, p.y * 9, p.z * 9)));
  const wall = (half: Vec, at: Vec) =>
    place({ shape: roundBox(half, 0.1), material: paper, at, turn: rotation(0), salient: false });
  return {
    widthPx,
    heightPx,
    eye: vec(0, 2.3, 10.5),
    lookAt: vec(0.12, 1.86, 0),
    zoom: 0.48,
    things: [wall(vec(14, 0.5, 9), vec(0, -0.5, 4)), wall(vec(14, 8, 0.5), vec(0, 7, -4.6)), ...robot()],
    lamp: { at: vec(-4.2, 7.5, 6.5), target: vec(0, 1.5, 0), side: 3, light: scale(vec(1, 0.96, 0.9), 34) },
    sky: gradientSky(vec(0.25, 0.25, 0.26), vec(0.55, 0.58, 0.64)),
    exposure: 1,
  };
}
