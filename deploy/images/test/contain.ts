/**
 * `node contain.ts ROLE ROOTFS EXIT-FILE`: runs the tree of a role as its image would, with the settings of a local mesh in the
 * environment. Passes signals on to the contained process, and writes its exit code or signal to EXIT-FILE.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { root, treeDir } from "../src/paths.ts";
import { type Isolation, probeIsolation } from "./isolation.ts";

const [role = "", rootfs = "", exitFile = ""] = process.argv.slice(2);
const script = fileURLToPath(new URL("./contain.sh", import.meta.url));
const data = process.env.PIXELMESH_STORAGE_DIR ?? `${rootfs}-data`;
mkdirSync(data, { recursive: true });

const command: Record<Isolation, () => readonly string[]> = {
  rooted: () => [...unshare, ...inside("65532")],
  mapped: () => [...unshare, "--map-root-user", ...inside("")],
  plain: () => [process.execPath, `${treeDir(role)}/dist/main.js`],
};
const unshare = ["unshare", "--mount", "--pid", "--fork", "--kill-child"];
const inside = (user: string) => [
  ...["bash", script, rootfs, treeDir(role), `${root}models`, data, user],
  ...["/nodejs/bin/node", "/app/dist/main.js"],
];
const isolation = probeIsolation();
const containedPaths = { PIXELMESH_STORAGE_DIR: "/data", PIXELMESH_MODELS_DIR: "/models", PIXELMESH_SCRATCH_DIR: "" };
const isPlain = isolation === "plain";
const [file = "", ...args] = command[isolation]();
const child = spawn(file, args, {
  stdio: ["ignore", "inherit", "inherit"],
  env: {
    ...process.env,
    ...(isPlain ? { PIXELMESH_MODELS_DIR: `${root}models` } : containedPaths),
    NODE_ENV: "production",
    NODE_COMPILE_CACHE: "",
  },
});

/** The pid of the contained process: process 1 of its tree, the only child of `unshare` outside. */
function innerPid(): number {
  if (isPlain) return child.pid as number;
  return Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ")[0]);
}
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.kill(innerPid(), signal));
// The mesh holds our standard input open until it ends.
process.stdin.on("end", () => child.kill("SIGKILL")).resume();
child.on("exit", (code, signal) => {
  writeFileSync(exitFile, signal ?? String(code));
  process.exit(code ?? 1);
});
