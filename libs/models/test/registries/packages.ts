import { digestOf, modelBytes } from "@pixelmesh/testing/models";
import { toTarGz, toZip } from "./archives.ts";
import type { TestPackage } from "./registry-server.ts";

const file = { sha256: digestOf(modelBytes), sizeBytes: modelBytes.length };

/** Sources of `modelBytes` in the packages of `testPackages`. */
export const sources = {
  npm: { kind: "npm", package: "@acme/models", version: "1.2.3", member: "weights/m.onnx", ...file },
  wheel: { kind: "pypi", package: "Acme.Models", version: "2.0", file: "wheel", member: "acme_models/m.onnx", ...file },
  sdist: { kind: "pypi", package: "acme-models", version: "2.0", file: "sdist", member: "src/m.onnx", ...file },
} as const;

/** Other files of a package, before and after the model. */
const readme = { path: "README.md", bytes: Buffer.from("# models\n".repeat(1_000)) };

/** Packages of an npm registry and a Python index with the same model. */
export function testPackages(model: Uint8Array = modelBytes): TestPackage[] {
  const python = { name: "acme-models", version: "2.0" };
  const wheel = toZip([readme, { path: "acme_models/m.onnx", bytes: model }, { ...readme, path: "z.txt" }]);
  const sdist = toTarGz(
    { path: "acme_models-2.0/", type: "Directory" },
    { ...readme, path: "acme_models-2.0/README.md" },
    { path: "acme_models-2.0/src/m.onnx", bytes: model },
  );
  const tarball = toTarGz({ ...readme, path: "package/README.md" }, { path: "package/weights/m.onnx", bytes: model });
  return [
    { name: "@acme/models", version: "1.2.3", filename: "models-1.2.3.tgz", archive: tarball },
    { name: "@acme/models", version: "1.2.4", filename: "models-1.2.4.tgz", archive: toTarGz(readme) },
    { ...python, filename: "acme_models-1.9-py3-none-any.whl", archive: toZip([readme]) },
    { ...python, filename: "acme_models-2.0-cp312-cp312-win_amd64.whl", archive: toZip([readme]) },
    { ...python, filename: "acme_models-2.0-py3-none-any.whl", archive: wheel },
    { ...python, filename: "acme_models-2.0.tar.gz", archive: sdist },
  ];
}
