import { copyFileSync, globSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { packagesDir, pythonDir, root } from "../pack/paths.ts";
import { openPython, pythonTool } from "../pack/python.ts";
import { command, hasProgram } from "./command.ts";
import type { InstalledMesh } from "./installed-mesh.ts";
import type { NodeProject } from "./node-project.ts";

/** The picture that examples send: 400×480. */
const picture = join(root, "examples/portrait-object.jpg");

/** Runs the TypeScript and CommonJS examples with the Node of a project, on one picture and on two. */
export async function runNodeExamples({ dir, node }: NodeProject, mesh: InstalledMesh): Promise<void> {
  const env = { PIXELMESH_ADDRESS: mesh.address };
  const flags = ["--disable-warning=ExperimentalWarning"];
  const example = join(dir, "examples/product-photos.ts");
  await command(node, [...flags, example, "one", picture], { cwd: dir, env });
  await expectSize(join(dir, "one/portrait-object.shop.jpg"), 400, 480);
  await expectSize(join(dir, "one/portrait-object.dithered.webp"), 400, 480);
  const second = join(dir, "second.jpg");
  copyFileSync(picture, second);
  await command(node, [...flags, example, "two", picture, second], { cwd: dir, env });
  await expectSize(join(dir, "two/second.shop.jpg"), 400, 480);
  const names = await command(node, [join(dir, "examples/require.cjs")], { cwd: dir, env });
  if (!names.split("\n").includes("dither")) throw new Error(`Expected the effect dither, got:\n${names}`);
}

/** Installs the wheel in an empty environment, checks its types, runs its tests and its example. Returns why that is skipped. */
export async function checkPython(dir: string, mesh: InstalledMesh): Promise<string | undefined> {
  const missing = openPython();
  if (missing !== undefined) return missing;
  const example = join(root, "examples/python/product_photos.py");
  await command(pythonTool("mypy"), ["--config-file", "pyproject.toml", "src/pixelmesh", example], { cwd: pythonDir });
  const [wheel] = globSync("pixelmesh-*.whl", { cwd: packagesDir });
  const python = join(dir, "bin/python");
  await command("python3", ["-m", "venv", dir], { cwd: root });
  await command(python, ["-m", "pip", "install", "-q", "--disable-pip-version-check", join(packagesDir, `${wheel}`)], {
    cwd: dir,
  });
  const env = { PIXELMESH_ADDRESS: mesh.address, PIXELMESH_PICTURE: picture };
  await command(python, ["-m", "unittest", "discover", "-s", join(root, "clients/python/tests")], { cwd: dir, env });
  await command(python, [example, "one", picture], { cwd: dir, env });
  await expectSize(join(dir, "one/portrait-object.shop.jpg"), 400, 480);
  await command(python, [example, "two", picture, picture], { cwd: dir, env });
  return undefined;
}

/** Generates the Go code, builds the Go example and runs it. Returns why that is skipped. */
export async function checkGo(dir: string, mesh: InstalledMesh): Promise<string | undefined> {
  if (!(await hasProgram("go", "version"))) return "it needs Go";
  const module = join(root, "examples/go");
  const missing = await command("go", ["mod", "download"], { cwd: module }).then(
    () => undefined,
    (error: unknown) => `its Go modules cannot be had: ${String(error).trim().split("\n").at(-1)}`,
  );
  if (missing !== undefined) return missing;
  await command("bash", [join(root, "clients/go/generate.sh")], { cwd: root });
  await command("go", ["vet", "./..."], { cwd: module });
  await command("go", ["build", "-o", join(dir, "example"), "."], { cwd: module });
  const env = { PIXELMESH_ADDRESS: mesh.address };
  await command(join(dir, "example"), [picture, join(dir, "go")], { cwd: dir, env });
  await expectSize(join(dir, "go/cutout.png"), 800, 960);
  return undefined;
}

/** Runs the example of plain gRPC calls. */
export async function checkGrpc(dir: string, mesh: InstalledMesh): Promise<void> {
  const env = { PIXELMESH_ADDRESS: mesh.address, PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` };
  const out = join(dir, "grpc.png");
  await command("bash", [join(root, "examples/grpc/buf-curl.sh"), picture, out], { cwd: dir, env });
  await expectSize(out, 167, 200);
}

/** Runs the example of calls over HTTP. Returns why that is skipped. */
export async function checkRest(dir: string, { gateway }: InstalledMesh): Promise<string | undefined> {
  if (gateway === undefined) return "this mesh has no gateway";
  if (!(await hasProgram("curl"))) return "it needs curl";
  const out = join(dir, "rest");
  mkdirSync(out);
  await command("bash", [join(root, "examples/rest/curl.sh"), picture, out], {
    cwd: dir,
    env: { PIXELMESH_GATEWAY: gateway },
  });
  await expectSize(join(out, "inverted.png"), 400, 480);
  await expectSize(join(out, "dithered.webp"), 167, 200);
  return undefined;
}

/** Throws unless a file is a picture of this size. */
async function expectSize(path: string, widthPx: number, heightPx: number): Promise<void> {
  const { width, height } = await sharp(path).metadata();
  if (width === widthPx && height === heightPx) return;
  throw new Error(`Expected ${path} to have ${widthPx}×${heightPx} px, got ${width}×${height}`);
}
