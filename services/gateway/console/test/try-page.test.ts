import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { expect, test } from "vitest";
import { type ConsoleBrowser, type ConsolePage, keepShot } from "./browser.ts";
import type { ConsoleMesh } from "./console-mesh.ts";
import { givePictures, portrait, readAfter, writeLargePicture } from "./pictures.ts";
import { useConsole } from "./use-console.ts";

const run = promisify(execFile);

let mesh: ConsoleMesh;
let browser: ConsoleBrowser;
let dir: string;

useConsole((started) => {
  ({ mesh, browser, dir } = started);
});

async function addEffect({ page }: ConsolePage, name: string): Promise<void> {
  await page.getByLabel("Add an effect to the result").selectOption(name);
}

const jobState = ({ page }: ConsolePage) => page.getByTestId("job").locator(".job-progress .badge").first();

test("A dropped picture goes through the demo's pipeline, and every output can be seen and saved", async () => {
  const opened = await browser.open();
  const { page, faults } = opened;
  await givePictures(page, "drop", [portrait]);
  await page.getByRole("button", { name: "Use the demo's" }).click();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect.poll(() => jobState(opened).textContent(), { timeout: 180_000 }).toBe("succeeded");
  const names = await page.getByLabel("Outputs").locator("strong").allTextContents();
  expect(names.sort()).toEqual(["black_and_white", "dither", "pop_art", "result", "retro_8bit"]);
  await page.getByRole("button", { name: "black_and_white", exact: true }).click();
  await expect.poll(async () => (await readAfter(page))?.isGrey).toBe(true);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download black_and_white" }).click();
  const saved = await readFile(await (await download).path());
  const [id = ""] = (await page.getByRole("link", { name: /^Job / }).textContent())?.match(/\S+$/) ?? [];
  const job = await mesh.mesh.client.jobs.get(id);
  const output = job.outputs.find(({ name }) => name === "black_and_white");
  expect(createHash("sha256").update(saved).digest("hex")).toBe(output?.sha256);
  await keepShot(opened, "try-demo");
  expect(faults).toEqual([]);
});

test("A pasted picture's preview follows a slider that is dragged, and the chosen mode gives its size", async () => {
  const opened = await browser.open();
  const { page, faults } = opened;
  await givePictures(page, "paste", [portrait]);
  await addEffect(opened, "black_and_white");
  await expect.poll(async () => (await readAfter(page))?.isGrey).toBe(true);
  const before = await readAfter(page);
  const slider = page.getByLabel("Contrast");
  const box = await slider.boundingBox();
  if (!box) throw new Error("Expected the slider to be seen");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  for (let part = 0.5; part < 0.95; part += 0.05)
    await page.mouse.move(box.x + box.width * part, box.y + box.height / 2);
  await page.mouse.up();
  await expect.poll(async () => (await readAfter(page))?.digest).not.toBe(before?.digest);
  expect((await readAfter(page))?.digest).toMatch(/^250x300:/);
  // The picture has 400×480 pixels, and no preview is larger than its picture.
  await page.getByTestId("preview-mode").selectOption("high");
  await expect.poll(async () => (await readAfter(page))?.digest).toMatch(/^400x480:/);
  expect(await page.getByTestId("preview-time").textContent()).toMatch(/(\d+ ms|\d\.\d s), [\d.]+ [KM]iB of memory/);
  // A value that was shown before comes from the cache of the mesh.
  const shownMs = () => page.getByTestId("preview-time").textContent();
  await page.getByTestId("preview-mode").selectOption("fast");
  await page.getByTestId("preview-mode").selectOption("high");
  await expect.poll(shownMs).toContain("from the cache");
  await keepShot(opened, "try-preview");
  expect(faults).toEqual([]);
});

test("The picture is sent once, and previews name it by its digest", async () => {
  const opened = await browser.open();
  const { page } = opened;
  const sent: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "POST") sent.push(new URL(request.url()).pathname);
  });
  await givePictures(page, "drop", [portrait]);
  await addEffect(opened, "sepia");
  await expect.poll(() => readAfter(page)).toBeDefined();
  await addEffect(opened, "vignette");
  await page.getByTestId("preview-mode").selectOption("balanced");
  await expect.poll(() => sent.filter((path) => path === "/v1/previews").length).toBeGreaterThanOrEqual(3);
  expect(sent.filter((path) => path === "/v1/pictures")).toHaveLength(1);
});

test("Before and after are compared with a divider, and zoom and pan move both", async () => {
  const opened = await browser.open();
  const { page } = opened;
  await givePictures(page, "drop", [portrait]);
  await addEffect(opened, "invert");
  await expect.poll(() => readAfter(page)).toBeDefined();
  const divider = page.getByRole("slider", { name: "Line between before and after" });
  await divider.focus();
  await page.keyboard.press("Home");
  expect(await divider.getAttribute("aria-valuenow")).toBe("0");
  for (let press = 0; press < 5; press += 1) await page.keyboard.press("ArrowRight");
  expect(await divider.getAttribute("aria-valuenow")).toBe("25");
  const box = await divider.boundingBox();
  const frame = await page.locator(".viewer-frame").boundingBox();
  if (!box || !frame) throw new Error("Expected the divider to be seen");
  await page.mouse.move(box.x + box.width / 2, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(frame.x + frame.width * 0.75, box.y + 40);
  await page.mouse.up();
  expect(await divider.getAttribute("aria-valuenow")).toBe("75");
  await page.mouse.move(frame.x + 100, frame.y + 100);
  await page.mouse.wheel(0, -800);
  const transforms = async () =>
    page.locator(".viewer-frame img").evaluateAll((images) => images.map((image) => getComputedStyle(image).transform));
  const [left, right] = await transforms();
  expect(left).toBe(right);
  expect(left).not.toBe("matrix(1, 0, 0, 1, 0, 0)");
  await page.locator(".viewer-frame").focus();
  await page.keyboard.press("ArrowLeft");
  expect((await transforms())[0]).not.toBe(left);
  await page.keyboard.press("0");
  expect(await transforms()).toEqual(["matrix(1, 0, 0, 1, 0, 0)", "matrix(1, 0, 0, 1, 0, 0)"]);
});

test("A logo and a background picture are added, sent with the job, and named in its code", async () => {
  const opened = await browser.open();
  const { page, faults } = opened;
  await givePictures(page, "drop", [portrait]);
  const logo = join(dir, "Our Logo.png");
  await sharp({ create: { width: 60, height: 30, channels: 4, background: "#ff0000" } })
    .png()
    .toFile(logo);
  await addEffect(opened, "posterize");
  await addEffect(opened, "watermark");
  await page.getByLabel("File of the picture for Picture").setInputFiles(logo);
  await expect.poll(() => page.getByLabel("Picture", { exact: true }).inputValue()).toBe("our-logo");
  await expect
    .poll(() => page.getByTestId("preview-time").textContent())
    .toContain("without those that take a further picture");
  await page.getByLabel("Cut out the main object").check();
  await page.getByLabel("Put behind it").selectOption("picture");
  expect(await page.getByText("Choose the picture behind the object").isVisible()).toBe(true);
  await page.getByLabel("Picture behind it").selectOption("our-logo");
  await page.getByLabel("It fills the background by").selectOption("tile");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect.poll(() => jobState(opened).textContent(), { timeout: 60_000 }).toBe("succeeded");
  const [id = ""] = (await page.getByRole("link", { name: /^Job / }).textContent())?.match(/\S+$/) ?? [];
  const { jobs } = mesh.mesh.client;
  const job = await jobs.get(id);
  expect(job.sources.map(({ name }) => name)).toEqual(["source", "our-logo"]);
  const made = (await Array.fromAsync((await jobs.download(id, "result")).chunks)) as Uint8Array[];
  const { data } = await sharp(Buffer.concat(made)).extract({ left: 2, top: 2, width: 1, height: 1 }).raw().toBuffer({
    resolveWithObject: true,
  });
  // A corner of the portrait is background, which is red now.
  expect([...data.subarray(0, 3)].map((value) => value > 128)).toEqual([true, false, false]);
  // The text for curl does the same job.
  await copyFile(portrait, join(dir, "portrait-object.jpg"));
  const curl = await run("bash", ["-c", (await page.getByTestId("code").textContent()) ?? ""], { cwd: dir });
  const again = await jobs.wait((JSON.parse(curl.stdout) as { id: string }).id);
  expect(again.outputs.map(({ sha256 }) => sha256)).toEqual(job.outputs.map(({ sha256 }) => sha256));
  await keepShot(opened, "try-further-pictures");
  expect(faults).toEqual([]);
});

test("A pipeline is built, run and saved by the keyboard alone", async () => {
  const opened = await browser.open();
  const { page } = opened;
  // The driver does not wait until the browser hands choosers over, so it is asked long before the key is pressed.
  const chooser = page.waitForEvent("filechooser");
  const reach = async (name: string) => {
    for (let press = 0; press < 120; press += 1) {
      await page.keyboard.press("Tab");
      const label = await page.evaluate(() => {
        const at = document.activeElement;
        return (
          at?.getAttribute("aria-label") ??
          (at instanceof HTMLInputElement || at instanceof HTMLSelectElement
            ? at.labels?.[0]?.querySelector("span")?.textContent
            : at?.textContent) ??
          ""
        );
      });
      if (label.trim() === name) return;
    }
    throw new Error(`Expected to reach \`${name}\` with the Tab key`);
  };
  await reach("Choose pictures");
  await page.keyboard.press("Enter");
  await (await chooser).setFiles(portrait);
  await reach("Shrink first to");
  await page.keyboard.press("ArrowDown");
  await reach("Add an effect to the result");
  await page.keyboard.press("ArrowDown");
  await reach("Run");
  await page.keyboard.press("Enter");
  await expect.poll(() => jobState(opened).textContent()).toBe("succeeded");
  const download = page.waitForEvent("download");
  await reach("Download result");
  await page.keyboard.press("Enter");
  expect((await readFile(await (await download).path())).length).toBeGreaterThan(1_000);
});

test("A running job shows its progress, survives a restart of the gateway, and can be cancelled", async () => {
  const opened = await browser.open();
  const { page } = opened;
  await givePictures(page, "drop", [await writeLargePicture(dir)]);
  await page.getByLabel("Upscale").selectOption("4");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect.poll(() => jobState(opened).textContent()).toBe("running");
  mesh.mesh.kill("gateway");
  await expect.poll(() => page.getByText("The connection was lost").isVisible()).toBe(true);
  await expect.poll(() => page.getByText("The connection was lost").isVisible()).toBe(false);
  await page.getByRole("button", { name: "Cancel the job" }).click();
  await expect.poll(() => jobState(opened).textContent()).toBe("cancelled");
});

test("The texts for curl, the command line and TypeScript do the same job as the page", async () => {
  const opened = await browser.open();
  const { page } = opened;
  await givePictures(page, "drop", [portrait]);
  await page.getByLabel("Shrink first to").selectOption("256");
  await addEffect(opened, "sepia");
  await page.getByRole("button", { name: "Add a variant" }).click();
  await page.getByLabel("Add an effect to variant variant1").selectOption("dither");
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await expect.poll(() => jobState(opened).textContent()).toBe("succeeded");
  const [id = ""] = (await page.getByRole("link", { name: /^Job / }).textContent())?.match(/\S+$/) ?? [];
  const { jobs } = mesh.mesh.client;
  const digests = async (jobId: string) => {
    const { outputs } = await jobs.wait(jobId);
    return Object.fromEntries(outputs.map(({ name, sha256 }) => [name, sha256]));
  };
  const wanted = await digests(id);
  expect(Object.keys(wanted).sort()).toEqual(["result", "variant1"]);
  await copyFile(portrait, join(dir, "portrait-object.jpg"));
  const textOf = async (kind: string) => {
    await page.getByRole("button", { name: kind, exact: true }).click();
    return (await page.getByTestId("code").textContent()) ?? "";
  };
  const curl = await run("bash", ["-c", await textOf("curl")], { cwd: dir });
  expect(await digests((JSON.parse(curl.stdout) as { id: string }).id)).toEqual(wanted);
  const env = { ...process.env, PIXELMESH_ADDRESS: mesh.mesh.address, PATH: `${resolve("bin")}:${process.env.PATH}` };
  await run("bash", ["-c", await textOf("Command line")], { cwd: dir, env });
  expect(await takeDigests(join(dir, "out"))).toEqual(Object.values(wanted).sort());
  const program = (await textOf("TypeScript"))
    .replace("127.0.0.1:7400", mesh.mesh.address)
    .replace("@pixelmesh/client", resolve("libs/client/src/index.ts"));
  await writeFile(join(dir, "program.ts"), program);
  await run(process.execPath, ["--conditions=development", "program.ts"], { cwd: dir });
  expect(await takeDigests(join(dir, "out"))).toEqual(Object.values(wanted).sort());
});

/** Returns the digests of the files in a folder, sorted, and removes the folder. */
async function takeDigests(folder: string): Promise<string[]> {
  const files = await readdir(folder);
  const contents = await Promise.all(files.map((name) => readFile(join(folder, name))));
  await rm(folder, { recursive: true });
  return contents.map((bytes) => createHash("sha256").update(bytes).digest("hex")).sort();
}
