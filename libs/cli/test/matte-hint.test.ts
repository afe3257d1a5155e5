import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bundledModelsDir } from "@pixelmesh/inference";
import { startMesh } from "@pixelmesh/local-mesh";
import { createDir } from "@pixelmesh/testing/models";
import { expect, onTestFinished, test } from "vitest";
import { startCli, writePicture } from "./start-cli.ts";

type Entry = { readonly name: string; readonly task: string; readonly file: string };

/** The entries of the known matte models but the bundled one, under file names that no machine has. */
function mattesElsewhere(): Entry[] {
  const { models } = JSON.parse(readFileSync(join(bundledModelsDir, "manifest.json"), "utf8")) as { models: Entry[] };
  const others = models.filter(({ name, task }) => task === "matte" && name !== "pixelmesh-matte");
  return others.map((entry) => ({ ...entry, file: `none/${entry.file}` }));
}

test("cut-outs of a mesh that has only the bundled matte say once a command how to get a better one", async () => {
  using models = createDir(...mattesElsewhere());
  const mesh = await startMesh({
    dataDir: join(models.dir, "mesh"),
    ports: "free",
    env: { ...process.env, PIXELMESH_MODELS_DIR: models.dir },
    services: ["ingest", "scheduler", "storage", "background"],
  });
  onTestFinished(() => mesh.stop(5_000));
  const pictures = await Promise.all(
    [1, 2].map((seed) => writePicture(join(models.dir, `${seed}.png`), 120, 80, seed)),
  );
  const run = async (...flags: string[]) => {
    const place = ["--address", mesh.address, "--out-dir", models.dir];
    const { exitCode, err } = await startCli(["run", ...pictures, ...place, ...flags]).done;
    expect([exitCode, err]).toEqual([0, expect.any(String)]);
    return err.match(/^note: pixelmesh-matte, .*`pixelmesh models pull u2netp` \(4\.4 MiB\) .*$/gm) ?? [];
  };
  expect(await run("--remove-background")).toHaveLength(1);
  expect(await run("--remove-background", "--cutout-model", "pixelmesh-matte")).toEqual([]);
  expect(await run("--max-side", "60")).toEqual([]);
});
