/**
 * `make bench-peers`: compares the mesh with the tools that it replaces, in every case or in the one named by CASE. Exits with 1 if a figure is
 * over its limit.
 */
import { delimiter, resolve } from "node:path";
import { findTestModels } from "@pixelmesh/testing";
import { cutoutsBundledCase, cutoutsCase } from "./cases/cutouts.ts";
import { effects4kCase } from "./cases/effects-4k.ts";
import { jobsTinyPeersCase } from "./cases/jobs-tiny.ts";
import { listsCase } from "./cases/lists.ts";
import { prescale512Case, prescale2048Case } from "./cases/prescale.ts";
import { previewCase } from "./cases/preview.ts";
import { restCase } from "./cases/rest.ts";
import { upscale640x480PeersCase, upscale1080pPeersCase } from "./cases/upscale.ts";

const cases: Readonly<Record<string, () => Promise<boolean>>> = {
  cutouts: cutoutsCase,
  "cutouts-bundled": cutoutsBundledCase,
  "prescale-512": prescale512Case,
  "prescale-2048": prescale2048Case,
  "effects-4k": effects4kCase,
  "jobs-tiny": jobsTinyPeersCase,
  preview: previewCase,
  "upscale-640x480": upscale640x480PeersCase,
  "upscale-1080p": upscale1080pPeersCase,
  lists: listsCase,
  rest: restCase,
};
const requested = process.env.CASE || "";
if (requested !== "" && !(requested in cases))
  throw new Error(`Expected CASE to be one of ${Object.keys(cases).join(", ")}, got ${requested}`);

// Peers run in other directories, so the paths of models must be absolute.
const modelsDirs = (process.env.PIXELMESH_MODELS_DIR || findTestModels() || "").split(delimiter).filter(Boolean);
if (modelsDirs.length > 0) process.env.PIXELMESH_MODELS_DIR = modelsDirs.map((dir) => resolve(dir)).join(delimiter);

let allWithin = true;
for (const [name, run] of Object.entries(cases)) {
  if (requested !== "" && requested !== name) continue;
  console.log(`bench-peers: ${name}`);
  allWithin = (await run()) && allWithin;
}
process.exit(allWithin ? 0 : 1);
