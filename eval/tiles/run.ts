/**
 * `make eval-tiles`: measures the effect and cost of tiling for each available upscaler: the difference to the untiled picture by
 * halo, and the time of a useful pixel by tile size. MODELS=a,b names some. Writes eval/results/tiles-<model>.json.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { machineFacts } from "@pixelmesh/bench/machine";
import { toTable } from "@pixelmesh/cli";
import { decodePicture, defaultLimits, type Frame, resizeFrame } from "@pixelmesh/imaging";
import { type AvailableModel, bundledModelsDir, loadRegistry, startInferenceHost } from "@pixelmesh/inference";
import { measureCost } from "./measure-cost.ts";
import { measureParity } from "./measure-parity.ts";

const parityTilePx = 128;
const tilesPx = [128, 256, 384, 512, 768, 1024];
const threads = availableParallelism();
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const resultsDir = fileURLToPath(new URL("../results/", import.meta.url));

async function evaluate(model: AvailableModel, picture: Frame): Promise<void> {
  const own = model.haloPx;
  const halosPx = [...new Set([0, 4, 8, Math.round(own / 2), own, Math.min(48, own + 8)])].sort((a, b) => a - b);
  const host = await startInferenceHost({
    id: "eval",
    providers: ["cpu"],
    threads: { intraOp: threads, interOp: 1 },
    log: quiet,
  });
  const parity = await measureParity(host, model, picture, { tilePx: parityTilePx, halosPx }).finally(() =>
    host.close(),
  );
  const cost = await measureCost(model, tilesPx);
  console.log(`\n${model.name}: halo ${own} px, receptive radius ${model.receptiveRadiusPx ?? "unbounded"}`);
  console.log(
    toTable([
      ["HALO px", "TILES", "PSNR dB AGAINST UNTILED", "WORST LEVELS"],
      ...parity.map(({ haloPx, tiles, psnrDb, worstLevels }) => [
        `${haloPx}${haloPx === own ? " *" : ""}`,
        `${tiles}`,
        psnrDb === null ? "the same" : `${psnrDb}`,
        `${worstLevels}`,
      ]),
    ]),
  );
  console.log(
    toTable([["TILE px", "CPU ns/USEFUL px", "MiB"], ...cost.map((each) => Object.values(each).map(String))]),
  );
  const document = {
    command: `make eval-tiles MODELS=${model.name}`,
    at: new Date().toISOString(),
    machine: machineFacts(),
    loadAverage: Number(loadavg()[0]?.toFixed(1)),
    digest: model.digest,
    haloPx: own,
    receptiveRadiusPx: model.receptiveRadiusPx,
    parity: { tilePx: parityTilePx, picture: `${picture.widthPx}x${picture.heightPx}`, halos: parity },
    cost,
  };
  await mkdir(resultsDir, { recursive: true });
  await writeFile(`${resultsDir}tiles-${model.name}.json`, `${JSON.stringify(document, null, 2)}\n`);
}

const wanted = (process.env.MODELS ?? "").split(",").filter((name) => name !== "");
const dirs = (process.env.PIXELMESH_MODELS_DIR ?? "").split(delimiter).filter((dir) => dir !== "");
const registry = await loadRegistry({ dirs: [bundledModelsDir, ...dirs] });
const scene = await readFile(fileURLToPath(new URL("../../examples/still-life.jpg", import.meta.url)));
const { frame } = await decodePicture(scene, defaultLimits);
const picture = await resizeFrame(frame, 320, 240);
for (const { entry, available, unavailableReason } of registry.list()) {
  if (entry.task !== "upscale" || (wanted.length > 0 && !wanted.includes(entry.name))) continue;
  if (available) await evaluate(available, picture);
  else console.log(`SKIPPED: ${entry.name}: ${unavailableReason}`);
}
