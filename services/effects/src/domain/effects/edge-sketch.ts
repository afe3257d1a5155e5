import { defineEffect } from "../catalogue/define-effect.ts";
import { color, number } from "../catalogue/parameters.ts";
import { drawWithPencil } from "../detail/pencil.ts";

// At 100 %, an edge over a third of the range from black to white is a full line. Our choice.
const fullStrength = 3;

// Shades come from surroundings of so many times the line's width. Our choice.
const shadeReach = 4;

/** A pencil drawing: lines at edges (Scharr's gradient of blurred luminance), and shades by the colour dodge of photo editors' pencil sketches. */
export const edgeSketch = defineEffect({
  name: "edge_sketch",
  group: "detail",
  title: "Pencil sketch",
  description: "Draws edges as pencil lines, with soft shades, on paper.",
  revision: 1,
  parameters: {
    strength: number({
      description: "Darkness of lines.",
      minimum: 0,
      maximum: 400,
      byDefault: 100,
      unit: "%",
    }),
    thickness: number({ description: "Width of lines.", minimum: 0.5, maximum: 12, byDefault: 1.5, unit: "px" }),
    shading: number({
      description: "Darkness of the shades between lines.",
      minimum: 0,
      maximum: 100,
      byDefault: 60,
      unit: "%",
    }),
    paper: color({ description: "Colour of the paper.", byDefault: "#fdfbf5" }),
    pencil: color({ description: "Colour of the pencil.", byDefault: "#2b2b30" }),
  },
  createStage: ({ strength, thickness, shading, paper, pencil }, context, target) =>
    drawWithPencil(
      context,
      {
        lineSigmaPx: thickness / 2,
        shadeSigmaPx: shadeReach * thickness,
        strength: (fullStrength * strength) / 100,
        shading: shading / 100,
        paper,
        pencil,
      },
      target,
    ),
});
