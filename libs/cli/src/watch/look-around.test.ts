import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createFileTracker } from "./file-tracker.ts";
import { lookAround } from "./look-around.ts";
import { createTroubles } from "./troubles.ts";

/** Looks at a new folder until the test ends. `taken` are the files that were ready, in their order. */
function startLooking(isRecursive = true) {
  const base = mkdtempSync(join(tmpdir(), "looking-"));
  const root = join(base, "in");
  mkdirSync(join(root, "sub"), { recursive: true });
  mkdirSync(join(root, "out"));
  const lines: string[] = [];
  const taken: string[] = [];
  const stop = new AbortController();
  const note = (text: string) => void lines.push(text);
  const start = () => {
    const tracker = createFileTracker(100);
    const onLook = () => {
      for (let file = tracker.take(); file; file = tracker.take()) {
        taken.push(file.path);
        tracker.end(file.path);
      }
    };
    const folder = { root, isRecursive, outDir: join(root, "out"), outputNames: ["result"] };
    const done = lookAround(folder, tracker, { onLook, note, troubles: createTroubles(note) }, stop.signal);
    onTestFinished(async () => {
      stop.abort();
      await done;
      rmSync(base, { recursive: true, force: true });
    });
  };
  const write = (path: string, text = "x") => writeFileSync(join(root, path), text);
  const sees = (paths: readonly string[]) => expect.poll(() => taken.toSorted(), { timeout: 20_000 }).toEqual(paths);
  return { base, root, lines, start, write, sees };
}

test("pictures that are there, appear, are renamed into the folder, or come in new subfolders are taken once; others are left alone", async () => {
  const { base, root, start, write, sees } = startLooking();
  for (const name of ["a.jpg", ".hidden.jpg", "notes.txt", "a.result.png", "sub/b.png", "out/made.png"]) write(name);
  start();
  await sees(["a.jpg", "sub/b.png"]);
  write("c.jpg.part");
  renameSync(join(root, "c.jpg.part"), join(root, "c.jpg"));
  writeFileSync(join(base, "d.webp"), "x");
  renameSync(join(base, "d.webp"), join(root, "sub", "d.webp"));
  mkdirSync(join(root, "new", "deep"), { recursive: true });
  write("new/deep/e.gif");
  write("sub/f.part.jpg");
  await sees(["a.jpg", "c.jpg", "new/deep/e.gif", "sub/b.png", "sub/d.webp"]);
  write("a.jpg", "changed");
  await sees(["a.jpg", "a.jpg", "c.jpg", "new/deep/e.gif", "sub/b.png", "sub/d.webp"]);
});

test("without --recursive, subfolders are left alone", async () => {
  const { start, write, sees } = startLooking(false);
  for (const name of ["sub/b.png", "a.jpg"]) write(name);
  start();
  await sees(["a.jpg"]);
  write("sub/c.png");
  write("d.jpg");
  await sees(["a.jpg", "d.jpg"]);
});

test("a folder that vanishes is told once; when it is back, its files are known and new ones are found", async () => {
  const { base, root, lines, start, write, sees } = startLooking();
  write("a.jpg");
  start();
  await sees(["a.jpg"]);
  renameSync(root, join(base, "away"));
  await expect
    .poll(() => lines, { timeout: 20_000 })
    .toEqual([expect.stringContaining("the folder cannot be searched now; waiting (ENOENT")]);
  renameSync(join(base, "away"), root);
  write("b.jpg");
  await sees(["a.jpg", "b.jpg"]);
  write("c.jpg");
  await sees(["a.jpg", "b.jpg", "c.jpg"]);
  expect(lines.slice(1)).toEqual(["the folder is searched again"]);
});
