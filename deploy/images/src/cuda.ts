import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./paths.ts";
import { unzip } from "./unzip.ts";

/**
 * Wheels with ONNX Runtime's CUDA 13 provider. The npm package has none; the project publishes it in the Python wheel of the same version
 * and commit. Runtime and provider both come from the wheel, because they must be of one build. Node's binding uses the stable C API.
 */
const wheels = {
  x64: {
    url: "https://files.pythonhosted.org/packages/31/ae/cfec0c21d039e4125fdc333e2e2032ed0a49eb50f9dd70b7f3819b339018/onnxruntime_gpu-1.30.0-cp313-cp313-manylinux_2_28_x86_64.whl",
    sha256: "9aba23f903f434cc55d851aeb801afee19e287c202f4ab8f59d02f04caa90aed",
  },
  arm64: {
    url: "https://files.pythonhosted.org/packages/07/cd/99171c84362c9a3292ec909c2e8edd922dec21d65e28e83e9d809ad178c6/onnxruntime_gpu-1.30.0-cp313-cp313-manylinux_2_34_aarch64.whl",
    sha256: "0c68878729527a28202af6c1b7ebc2fc5a687e9f6e02bfb8796e39d1fe775fd7",
  },
} as const;

/** The wheel's files, with their names in the tree. */
const files: Readonly<Record<string, string>> = {
  "onnxruntime/capi/libonnxruntime.so.1.30.0": "libonnxruntime.so.1",
  "onnxruntime/capi/libonnxruntime_providers_shared.so": "libonnxruntime_providers_shared.so",
  "onnxruntime/capi/libonnxruntime_providers_cuda.so": "libonnxruntime_providers_cuda.so",
  "onnxruntime/LICENSE": "LICENSE",
  "onnxruntime/ThirdPartyNotices.txt": "ThirdPartyNotices.txt",
};

/** Replaces the tree's runtime by the one with the CUDA provider. Downloads the wheel once. Throws if its version or sha256 differs. */
export async function addCuda(tree: string, arch: keyof typeof wheels): Promise<void> {
  const { url, sha256 } = wheels[arch];
  const wheel = await fetchOnce(url, sha256);
  const dir = join(tree, "node_modules/onnxruntime-node");
  const version = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")).version;
  if (!url.includes(`onnxruntime_gpu-${version}-`))
    throw new Error(`Expected a wheel of onnxruntime ${version}, the version in the lock file, got ${url}`);
  for (const [from, to] of Object.entries(files)) {
    const path = to.endsWith("so") || to.includes(".so.") ? join(dir, "bin/napi-v6/linux", arch, to) : join(dir, to);
    // The file may be a link into the package store, which must not change.
    rmSync(path, { force: true });
    writeFileSync(path, unzip(wheel, from));
  }
}

async function fetchOnce(url: string, sha256: string): Promise<Buffer> {
  const kept = join(root, "out/dist-downloads", sha256);
  if (!existsSync(kept)) {
    const response = await fetch(url, { signal: AbortSignal.timeout(600_000) });
    if (!response.ok) throw new Error(`${url}: HTTP ${response.status}`);
    mkdirSync(join(root, "out/dist-downloads"), { recursive: true });
    writeFileSync(kept, new Uint8Array(await response.arrayBuffer()));
  }
  const bytes = readFileSync(kept);
  const got = createHash("sha256").update(bytes).digest("hex");
  if (got === sha256) return bytes;
  rmSync(kept);
  throw new Error(`Expected ${url} to have sha256 ${sha256}, got ${got}`);
}
