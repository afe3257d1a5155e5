import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { builtTree, writeRootfs } from "../../../deploy/images/test/rootfs.ts";

/** One image of an archive: its reference, its layers as names of tar files beside the manifest, and its start. */
export type ArchivedImage = {
  readonly reference: string;
  readonly layers: readonly string[];
  readonly entrypoint: readonly string[];
  readonly user: string;
  readonly env: readonly string[];
};

/** Writes a docker archive of images whose layers lie in `dir`. */
export async function writeArchive(dir: string, images: readonly ArchivedImage[], archive: string): Promise<void> {
  const digests = new Map<string, string>();
  for (const layer of new Set(images.flatMap(({ layers }) => layers)))
    digests.set(layer, `sha256:${await sha256Of(join(dir, layer))}`);
  const manifest = images.map(({ reference, layers, entrypoint, user, env }) => {
    const config = JSON.stringify({
      architecture: process.arch === "arm64" ? "arm64" : "amd64",
      os: "linux",
      config: { Entrypoint: entrypoint, User: user, WorkingDir: "/", Env: ["PATH=/nodejs/bin:/usr/bin:/bin", ...env] },
      rootfs: { type: "layers", diff_ids: layers.map((layer) => digests.get(layer)) },
    });
    const name = `${createHash("sha256").update(config).digest("hex")}.json`;
    writeFileSync(join(dir, name), config);
    return { Config: name, RepoTags: [reference], Layers: layers };
  });
  writeFileSync(join(dir, "manifest.json"), JSON.stringify(manifest));
  const files = ["manifest.json", ...manifest.map(({ Config }) => Config), ...digests.keys()];
  execFileSync("tar", ["-C", dir, "-cf", archive, ...new Set(files)]);
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/** Packs a folder as a layer whose files belong to root. `under` is the folder's place in the image, without slashes at its ends. */
function writeLayer(from: string, layer: string, under = ""): void {
  const place = under === "" ? [] : [`--transform=flags=rh;s,^\\.,./${under},`];
  execFileSync("tar", ["-C", from, "--owner=0", "--group=0", "--numeric-owner", ...place, "-cf", layer, "."]);
}

/** A program that is an image by itself. */
export type ProgramImage = { readonly reference: string; readonly path: string };

/**
 * Writes the archive of the roles' images, from the trees of `make dist` on the libraries of this machine, and of images that hold one
 * static program each.
 */
export async function writeImages(
  dir: string,
  options: {
    readonly roles: readonly string[];
    readonly prefix: string;
    readonly tag: string;
    readonly programs: readonly ProgramImage[];
  },
): Promise<string> {
  const staging = join(dir, "staging");
  mkdirSync(staging, { recursive: true });
  const rootfs = join(dir, "rootfs");
  writeRootfs(rootfs, options.roles.map(builtTree));
  writeLayer(rootfs, join(staging, "base.tar"));
  const ofRoles = options.roles.map((role): ArchivedImage => {
    writeLayer(builtTree(role), join(staging, `${role}.tar`), "app");
    return {
      reference: `${options.prefix}${role}:${options.tag}`,
      layers: ["base.tar", `${role}.tar`],
      entrypoint: ["/nodejs/bin/node", "/app/dist/main.js"],
      user: "65532:65532",
      env: ["NODE_ENV=production", "PIXELMESH_HOST=0.0.0.0", "PIXELMESH_STORAGE_DIR=/data"],
    };
  });
  const ofPrograms = options.programs.map(({ reference, path }, at): ArchivedImage => {
    const folder = join(dir, `program-${at}`);
    mkdirSync(join(folder, "bin"), { recursive: true });
    execFileSync("cp", [path, join(folder, "bin/main")]);
    writeLayer(folder, join(staging, `program-${at}.tar`));
    return { reference, layers: [`program-${at}.tar`], entrypoint: ["/bin/main"], user: "65532:65532", env: [] };
  });
  const archive = join(dir, "images.tar");
  await writeArchive(staging, [...ofRoles, ...ofPrograms], archive);
  rmSync(staging, { recursive: true });
  rmSync(rootfs, { recursive: true });
  return archive;
}
