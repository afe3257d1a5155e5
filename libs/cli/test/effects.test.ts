import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type EffectDescription, ImageFormat } from "@pixelmesh/client";
import { decodePicture, defaultLimits, type Frame } from "@pixelmesh/imaging";
import { robot } from "@pixelmesh/testing/jobs";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { runProcess } from "./spawn-cli.ts";
import { useMesh } from "./use-mesh.ts";

let catalogue: readonly EffectDescription[];
const own = useMesh("effects");
const { root } = own;
const picture = join(root, "robot.jpg");

beforeAll(async () => {
  catalogue = await own.client.effects();
  writeFileSync(picture, robot);
});

const run = (args: readonly string[], env: Record<string, string> = {}) =>
  runProcess(args, { env: { PIXELMESH_ADDRESS: own.mesh.address, ...env } });

function createFolder(): string {
  const folder = mkdtempSync(join(root, "test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("effects are listed, and one is shown with its parameters and a command line", async () => {
  expect((await run(["effects", "list"])).out.toString()).toMatch(/^black_and_white +tone +mode brightness contrast/m);
  const all = JSON.parse((await run(["effects", "list", "--json"])).out.toString()) as { name: string }[];
  expect(all.map(({ name }) => name)).toContain("pop_art");
  const { out } = await run(["effects", "show", "black_and_white"]);
  expect(out.toString()).toMatch(/^contrast +0 to 100 +1 /m);
  const example = /^ {2}pixelmesh (run photo.jpg --effect \S+)$/m.exec(out.toString())?.[1] ?? "";
  const folder = createFolder();
  const words = example.replace("photo.jpg", picture).split(" ");
  const made = await run([...words, "--max-side", "64", "-o", join(folder, "a.png")]);
  expect(made).toMatchObject({ exitCode: 0 });
  const effect = JSON.parse((await run(["effects", "show", "dither", "--json"])).out.toString());
  expect(effect.parameters[0]).toMatchObject({ name: expect.any(String), type: expect.any(String) });
  expect(await run(["effects", "show", "dithr"])).toMatchObject({
    exitCode: 1,
    err: expect.stringContaining("Did you mean `dither`?"),
  });
});

test("a preview of a chain is small and equals the mesh's own", async () => {
  const folder = createFolder();
  const path = join(folder, "preview.png");
  const chain = ["--effect", "black_and_white", "--effect", "dither:levels=3"];
  expect(await run(["effects", "preview", picture, ...chain, "-o", path])).toMatchObject({ exitCode: 0, err: "" });
  const levels = { kind: { $case: "number" as const, value: 3 } };
  const expected = await own.client.previewEffects({
    source: readFileSync(picture),
    effects: [
      { name: "black_and_white", parameters: {} },
      { name: "dither", parameters: { levels } },
    ],
    encoding: { format: ImageFormat.PNG },
  });
  expect(Math.max(expected.header.widthPx, expected.header.heightPx)).toBe(300);
  expect(readFileSync(path)).toEqual(Buffer.from(expected.bytes));
  const balanced = await run(["effects", "preview", picture, ...chain, "--mode", "balanced", "-o", "-"]);
  expect((await decodePicture(balanced.out, defaultLimits)).frame.heightPx).toBeGreaterThan(300);
});

test("wrong previews are refused with the nearest name", async () => {
  const path = join(createFolder(), "a.png");
  const failed = async (...args: string[]) => {
    const { exitCode, err } = await run(["effects", "preview", picture, ...args, "-o", path]);
    return `${exitCode} ${err}`;
  };
  expect(await failed("--effect", "diter")).toMatch(/^1 .*UNKNOWN_EFFECT: .*`diter`.*Did you mean `dither`\?/);
  expect(await failed("--effect", "dither:levls=3")).toMatch(
    /^1 .*INVALID_ARGUMENT: .*`levls`\. Did you mean `levels`\?/,
  );
  expect(await failed("--effect", "dither:levels=999")).toMatch(/^1 .*INVALID_ARGUMENT: .*`--effect dither:levels`/);
  expect(await failed("--mode", "hihg")).toMatch(/^2 .*`--mode`.*Did you mean `high`\?/);
  expect(existsSync(path)).toBe(false);
});

test("a preview never overwrites its picture, and one that fails leaves the output as it was", async () => {
  const folder = createFolder();
  const [own, broken, output] = ["own.jpg", "broken.jpg", "out.png"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(own, robot);
  writeFileSync(broken, robot.subarray(0, 300));
  writeFileSync(output, "as it was");
  const chain = ["--effect", "dither"];
  expect(await run(["effects", "preview", own, ...chain, "-o", own])).toMatchObject({
    exitCode: 2,
    err: expect.stringContaining("Expected `-o` to be no input"),
  });
  expect(readFileSync(own)).toEqual(Buffer.from(robot));
  for (const more of [chain, []])
    expect(await run(["effects", "preview", broken, ...more, "-o", output])).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/^pixelmesh: IMAGE_\w+: /),
    });
  expect(readFileSync(output, "utf8")).toBe("as it was");
  expect(await run(["effects", "preview", own, ...chain, "-o", output])).toMatchObject({ exitCode: 0, err: "" });
  expect((await decodePicture(readFileSync(output), defaultLimits)).frame.heightPx).toBe(300);
});

test("presets are shown, previewed and refuse settings", async () => {
  const preset = catalogue.find(({ chain }) => chain.length > 0)?.name ?? "";
  expect(preset).toMatch(/^preset:/);
  const shown = JSON.parse((await run(["effects", "show", preset, "--json"])).out.toString());
  expect(JSON.stringify(shown.chain)).not.toContain("$case");
  const path = join(createFolder(), "a.png");
  const preview = (effect: string) => run(["effects", "preview", picture, "--effect", effect, "-o", path]);
  expect(await preview(preset)).toMatchObject({ exitCode: 0, err: "" });
  expect(await preview(`${preset}:amount=1`)).toMatchObject({
    exitCode: 2,
    err: expect.stringMatching(/`--effect` .*preset:NAME/),
  });
  expect(await preview(preset.slice(0, -1))).toMatchObject({
    exitCode: 1,
    err: expect.stringContaining(`Did you mean \`${preset}\`?`),
  });
});

/** Counts dark and light pixels of a row of a sheet, within columns of pixels. */
function hasInk({ data, widthPx, channels }: Frame, topPx: number, bottomPx: number, leftPx: number, rightPx: number) {
  let ink = 0;
  for (let y = topPx; y < bottomPx; y += 1)
    for (let x = leftPx; x < rightPx; x += 1) if (data[(y * widthPx + x) * channels] === 32) ink += 1;
  return ink;
}

test("a sheet shows every effect with its name below it, on a machine without fonts", async () => {
  const folder = createFolder();
  const path = join(folder, "sheet.png");
  const fonts = join(folder, "fonts.conf");
  writeFileSync(fonts, '<?xml version="1.0"?><fontconfig></fontconfig>');
  const made = await run(["effects", "preview", picture, "-o", path], { FONTCONFIG_FILE: fonts });
  expect(made).toMatchObject({ exitCode: 0, err: "" });
  const { frame } = await decodePicture(readFileSync(path), defaultLimits);
  const columns = Math.ceil(Math.sqrt(catalogue.length));
  const rows = Math.ceil(catalogue.length / columns);
  const pitchX = (frame.widthPx - 12) / columns;
  const pitchY = (frame.heightPx - 12) / rows;
  // 300 px of the preview, the line of its name, and the gap of the sheet.
  expect(pitchX).toBeGreaterThanOrEqual(312);
  for (const [index, { name }] of catalogue.entries()) {
    const left = 12 + (index % columns) * pitchX;
    const bottom = 12 + (Math.floor(index / columns) + 1) * pitchY;
    const right = left + pitchX - 12;
    // A preview of another shape lies in the middle of its cell, and its name is the lowest that is drawn there.
    const lowest = Array.from({ length: pitchY }, (_, at) => bottom - 1 - at).find(
      (y) => hasInk(frame, y, y + 1, left, right) > 0,
    );
    // A letter of 5 × 7 dots has at least 7 of them, each 2 × 2 pixels.
    const ink = hasInk(frame, (lowest ?? bottom) - 15, (lowest ?? bottom) + 1, left, right);
    expect([name, ink > name.replaceAll("-", "").length * 5 * 4]).toEqual([name, true]);
  }
});
