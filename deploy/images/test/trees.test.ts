import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { type ImageName, images } from "../src/images.ts";
import { listFiles, sizeBytes } from "../src/tree.ts";
import { baseLibraries, builtTree, librariesOf, nativeFiles } from "./rootfs.ts";

const names = Object.keys(images) as ImageName[];

describe.each(names)("the tree of %s", (role) => {
  const tree = builtTree(role);
  const files = listFiles(tree);
  const paths = files.map((path) => relative(tree, path));
  const packages = globSync(["node_modules/*/package.json", "node_modules/@*/*/package.json"], { cwd: tree });
  const has = (name: string) => existsSync(join(tree, "node_modules", name));

  test("is within its size limit", () => {
    expect(sizeBytes(tree) / 2 ** 20).toBeLessThan(images[role].maxMib);
    expect(sizeBytes(tree) / 2 ** 20).toBeGreaterThan(5);
  });

  test("holds the program, its packages and its licence", () => {
    expect(paths).toEqual(expect.arrayContaining(["dist/main.js", "LICENSE", "package.json"]));
    expect(packages.length).toBeGreaterThan(20);
  });

  test("holds no sources, types, maps, tests or symbolic links", () => {
    expect(paths.filter((path) => /\.([cm]?ts|map)$/.test(path))).toEqual([]);
    expect(paths.filter((path) => /\.test\.js$/.test(path))).toEqual([]);
    expect(paths.filter((path) => /^(node_modules\/@pixelmesh\/[^/]+\/)?(src|test)\//.test(path))).toEqual([]);
    expect(listFiles(tree).length).toBe(files.length);
    expect(globSync("**/*", { cwd: tree, withFileTypes: true }).filter((entry) => entry.isSymbolicLink())).toEqual([]);
  });

  test("holds no development package", () => {
    for (const name of ["typescript", "vitest", "rolldown", "@biomejs", "@types", "@pixelmesh/testing", "rxjs"])
      expect(has(name), name).toBe(false);
  });

  test("has the inference runtime only if it runs models", () => {
    expect(has("onnxruntime-node")).toBe(images[role].runsModels);
    expect(has("onnxruntime-common")).toBe(images[role].runsModels);
  });

  test("holds native code for this processor only, which needs only libraries of the bases", () => {
    const native = nativeFiles(tree);
    for (const file of native) {
      // e_machine of the ELF header: 0x3e is x86-64, 0xb7 is AArch64.
      const machine = readFileSync(file).readUInt16LE(18);
      expect(machine, relative(tree, file)).toBe(process.arch === "arm64" ? 0xb7 : 0x3e);
      const foreign = librariesOf(file).filter((path) => !path.startsWith(tree) && !baseLibraries.test(basename(path)));
      expect(foreign, relative(tree, file)).toEqual([]);
    }
    expect(native.length > 0).toBe(has("sharp"));
  });

  test("names the licence of each package", () => {
    for (const path of packages) {
      const { licenses, license = licenses } = JSON.parse(readFileSync(join(tree, path), "utf8"));
      expect(license, path).toBeTruthy();
    }
  });

  test("names no path of the build machine", () => {
    const texts = files.filter((path) => /\.(json|js)$/.test(path) && path.includes("@pixelmesh"));
    expect(texts.length).toBeGreaterThan(5);
    const leaking = [join(tree, "package.json"), ...texts].filter((path) =>
      readFileSync(path, "utf8").includes("file:///"),
    );
    expect(leaking).toEqual([]);
  });
});
