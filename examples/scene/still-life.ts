import { lettering } from "./lettering.ts";
import { metal, paint, textured } from "./materials.ts";
import { gradientSky, type Scene } from "./render.ts";
import { ball, capsule, cylinder, mug, pear, roundBox, type Shape } from "./shapes.ts";
import { checks, noise, wood } from "./texture.ts";
import { type Material, place, type Thing } from "./trace.ts";
import { color, mix, rotation, scale, smoothstep, type Vec, vec } from "./vector.ts";

const cream = color("#f2ead8");
const teal = color("#1d7f86");
const ink = color("#20242c");

const mugName = lettering("PIXELMESH", 0.17);
const tinTitle = lettering("LEAF TEA", 0.15);
const tinPrint = lettering("FINE PRINT NO 64", 0.075, 0.6);

/** Teal glaze, a cream band with the name on it, thin rings above and below; cream inside. */
function mugGlaze(p: Vec): Vec {
  if (Math.hypot(p.x, p.z) < 0.8 && p.y > -0.95) return cream;
  const band = Math.abs(p.y) < 0.26 && Math.hypot(p.x, p.z) < 0.9;
  const rings = Math.abs(Math.abs(p.y) - 0.4) < 0.1 && Math.sin(p.y * 190) > 0 && Math.hypot(p.x, p.z) < 0.9;
  // Around the wall, 0 where the name's middle is.
  const around = Math.atan2(p.x, p.z) * 0.85;
  if (band) return mix(cream, ink, mugName(around - 0.38, p.y));
  return rings ? cream : teal;
}

function tinPaint(p: Vec, normal: Vec): Vec {
  const red = color("#b8352c");
  if (normal.z < 0.9) return Math.abs(normal.y) > 0.9 ? color("#d9c27a") : red;
  const frame = Math.max(Math.abs(p.x) / 0.62, Math.abs(p.y) / 0.72);
  if (frame > 1) return Math.sin((p.x + p.y) * 120) > 0 ? red : color("#e8c860");
  if (frame > 0.96) return ink;
  const leaf = Math.hypot(p.x * 1.5, p.y - 0.2) < 0.2 && Math.abs(p.x - 0.03 * Math.sin(p.y * 60)) > 0.012;
  if (leaf) return color("#3e7d3a");
  const title = tinTitle(p.x * 1.06, p.y + 0.22);
  const print = tinPrint(p.x, p.y + 0.48);
  return mix(color("#efe3c2"), ink, Math.max(title, print));
}

function pearSkin(p: Vec): Vec {
  const blush = smoothstep(-0.2, 0.6, p.x + 0.4 * noise(p.x * 3, p.y * 3, p.z * 3));
  const speckle = noise(p.x * 42, p.y * 42, p.z * 42) > 0.78 ? 0.72 : 1;
  return scale(mix(color("#b9b83a"), color("#c8742f"), blush), speckle);
}

function pencilPaint(p: Vec): Vec {
  if (p.y > 1.05) return p.y > 1.24 ? ink : color("#d8b183");
  if (p.y < -1.12) return color("#d98c8c");
  if (p.y < -0.98) return color("#b9b9bd");
  return Math.sin(p.y * 70) > 0.2 ? color("#e0b020") : color("#26324a");
}

/** White with black pips: the numbers of a die on the three sides that are seen. */
function dieFace(p: Vec, normal: Vec): Vec {
  const [u, v, count] =
    Math.abs(normal.y) > 0.7 ? [p.x, p.z, 5] : Math.abs(normal.z) > 0.7 ? [p.x, p.y, 3] : [p.z, p.y, 4];
  const d = 0.13;
  const corners =
    count === 3
      ? [
          [-d, d],
          [d, -d],
        ]
      : [
          [-d, d],
          [d, -d],
          [d, d],
          [-d, -d],
        ];
  const pips = count === 4 ? corners : [...corners, [0, 0]];
  return pips.some(([x = 0, y = 0]) => Math.hypot(u - x, v - y) < 0.05) ? ink : color("#ece8e0");
}

function thing(shape: Shape, material: Material, at: Vec, turn = rotation(0), salient = false): Thing {
  return place({ shape, material, at, turn, salient });
}

/** A mug, a tin, a pear, a mirror ball, a pencil and a die on a checked cloth: texture, shadows, reflections, fine print. */
export function stillLife(widthPx: number, heightPx: number): Scene {
  const tablecloth = textured((p) => checks(p.x * 1.15, p.z * 1.15, cream, color("#4d6fa3")));
  const wallpaper = textured((p) => {
    const stripe = Math.abs(Math.sin(p.x * 3.4));
    const line = smoothstep(0.06, 0.1, stripe) * (0.94 + 0.06 * noise(p.x * 40, p.y * 40));
    return scale(mix(color("#6d7a6a"), color("#a9b39c"), line), 0.9);
  });
  return {
    widthPx,
    heightPx,
    eye: vec(0.3, 2.9, 7.6),
    lookAt: vec(0.05, 0.72, 0),
    zoom: 0.57,
    things: [
      thing(
        roundBox(vec(9, 0.5, 3.2), 0.02),
        textured((p) => wood(p.x, p.z), 0.03, 0.12),
        vec(0, -0.5, 0),
      ),
      thing(roundBox(vec(3.2, 0.012, 1.75), 0.01), tablecloth, vec(0.2, 0.012, 0.55), rotation(14)),
      thing(roundBox(vec(12, 6, 0.1), 0), wallpaper, vec(0, 3, -3.4)),
      thing(mug(0.85, 1, 0.07), textured(mugGlaze, 0.045, 0.012), vec(0, 1.03, 0.2), rotation(-24), true),
      thing(
        roundBox(vec(0.72, 0.86, 0.45), 0.05),
        textured(tinPaint, 0.05, 0.05),
        vec(-1.72, 0.885, -0.2),
        rotation(20),
      ),
      thing(pear(0.48), textured(pearSkin, 0.035, 0.06), vec(1.72, 0.79, -0.75), rotation(20, -7)),
      thing(capsule(0.03, 0.17), paint("#4a3421"), vec(1.82, 1.63, -0.79), rotation(0, -16)),
      thing(ball(0.4), metal("#e6e6ea", 0.003), vec(1.72, 0.43, 0.75)),
      thing(cylinder(0.055, 1.3, 0.02), textured(pencilPaint, 0.04, 0.05), vec(-1.0, 0.08, 1.5), rotation(12, 90)),
      thing(
        roundBox(vec(0.22, 0.22, 0.22), 0.045),
        textured(dieFace, 0.04, 0.03),
        vec(0.85, 0.245, 1.55),
        rotation(33),
      ),
    ],
    lamp: { at: vec(-4.6, 6.4, 5), target: vec(0, 0.4, 0), side: 2.2, light: scale(vec(1, 0.93, 0.82), 46) },
    sky: gradientSky(vec(0.16, 0.15, 0.15), vec(0.42, 0.48, 0.58)),
    exposure: 1,
  };
}
