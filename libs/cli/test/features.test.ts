import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodePicture, defaultLimits } from "@pixelmesh/imaging";
import { robot } from "@pixelmesh/testing/jobs";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { runProcess } from "./spawn-cli.ts";
import { useMesh } from "./use-mesh.ts";

const own = useMesh("features");
const picture = join(own.root, "robot.jpg");
beforeAll(() => writeFileSync(picture, robot));

const run = (...args: readonly string[]) => runProcess(args, { env: { PIXELMESH_ADDRESS: own.mesh.address } });

test("features are listed with where they run; one whose service does not answer is not available", async () => {
  const { out } = await run("features");
  expect(out.toString()).toMatch(/^comic +1 +local +palette levels dots /m);
  expect(out.toString()).toMatch(/^relight +1 +not available +prompt /m);
  const shown = (await run("features", "comic")).out.toString();
  expect(shown).toMatch(/^dots +0 to 24 px +6 /m);
  expect(shown).toMatch(/^size +prescale +local$/m);
  // This mesh has no service of cut-outs.
  const cutOut = JSON.parse((await run("features", "product_photo", "--json")).out.toString());
  expect(cutOut).toMatchObject({ available: false, unavailableReason: expect.stringContaining("background") });
  expect(cutOut.parameters[0]).toMatchObject({ name: "background", type: "color", defaultValue: "#ffffff" });
  expect(await run("features", "comik")).toMatchObject({
    exitCode: 1,
    err: expect.stringContaining("Did you mean `comic`?"),
  });
});

test("a feature runs on a picture, and its costs are told without running it", async () => {
  const folder = mkdtempSync(join(own.root, "test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "a.png");
  const made = await run("run", picture, "--feature", "comic@1:dots=3,max_side=256", "-o", path);
  expect(made).toMatchObject({ exitCode: 0 });
  const { frame } = await decodePicture(readFileSync(path), defaultLimits);
  expect(Math.max(frame.widthPx, frame.heightPx)).toBe(256);
  const { value: job } = await own.client.jobs.list({ pageSize: 1 }).next();
  expect(job?.feature).toBe("comic@1");
  expect((await run("jobs", "get", job?.id ?? "")).out.toString()).toContain("feature: comic@1\n");
  expect((await run("stats")).out.toString()).toMatch(/^comic@1 +1 +1 /m);

  const estimate = await run("run", picture, "--feature", "comic", "--estimate", "--json");
  expect(JSON.parse(estimate.out.toString())).toMatchObject({ steps: [], totalMicros: 0, pictures: 1 });
});

test("failures name the typed flags", async () => {
  expect(await run("run", picture, "--feature", "comic:dots=99", "-o", join(own.root, "b.png"))).toMatchObject({
    exitCode: 1,
    err: expect.stringContaining("Expected `--feature comic:dots` to be a number from 0 to 24 px, got `99`"),
  });
  expect(await run("run", picture, "--feature", "relight", "-o", join(own.root, "b.png"))).toMatchObject({
    exitCode: 1,
    err: expect.stringContaining("PROVIDER_NOT_CONFIGURED"),
  });
  expect(await run("run", picture, "--remote-model", "painter", "-o", join(own.root, "b.png"))).toMatchObject({
    exitCode: 1,
    err: expect.stringContaining("PIXELMESH_REMOTE_MANIFEST"),
  });
});
