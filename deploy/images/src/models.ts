import { createHash } from "node:crypto";
import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.ts";

type ManifestEntry = { readonly name: string; readonly file: string; readonly sha256: string | null };

/**
 * Copies the models of this repository into a folder: manifest, model files and model cards. Throws if a model is not in the
 * manifest, or if its sha256 differs from the manifest's.
 */
export function writeModels(dir: string): void {
  const from = join(root, "models");
  const { models } = JSON.parse(readFileSync(join(from, "manifest.json"), "utf8")) as {
    models: readonly ManifestEntry[];
  };
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(join(dir, "cards"), { recursive: true });
  for (const file of globSync("*.onnx", { cwd: from })) {
    const entry = models.find((model) => model.file === file);
    const sha256 = createHash("sha256")
      .update(readFileSync(join(from, file)))
      .digest("hex");
    if (entry?.sha256 !== sha256)
      throw new Error(`Expected models/${file} to be what the manifest describes, got sha256 ${sha256}`);
    copyFileSync(join(from, file), join(dir, file));
    const card = `cards/${entry.name}.md`;
    if (existsSync(join(from, card))) copyFileSync(join(from, card), join(dir, card));
  }
  copyFileSync(join(from, "manifest.json"), join(dir, "manifest.json"));
  copyFileSync(join(root, "LICENSE"), join(dir, "LICENSE"));
}
