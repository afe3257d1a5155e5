import type { Material } from "./trace.ts";
import { color, type Vec } from "./vector.ts";

/** A plain colour: matt paint by default, varnished with `gloss`. */
export function paint(hex: string, gloss = 0, rough = 0.05): Material {
  const albedo = color(hex);
  return { albedo: () => albedo, gloss, rough };
}

/** A metal of a colour; `rough` spreads its reflection. */
export function metal(hex: string, rough: number): Material {
  const albedo = color(hex);
  return { albedo: () => albedo, gloss: 1, metal: true, rough };
}

/** A surface whose colour depends on where it is, in the object's own frame. */
export function textured(albedo: (p: Vec, normal: Vec) => Vec, gloss = 0, rough = 0.05): Material {
  return { albedo, gloss, rough };
}
