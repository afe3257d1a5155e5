import { spawn } from "node:child_process";
import { once } from "node:events";
import type { ClusterVariables } from "./cluster.ts";
import { root } from "./control-plane/programs.ts";
import type { ControlPlane } from "./control-plane/start-control-plane.ts";

/** Prints one line of the check. */
export const say = (text: string): void => void process.stdout.write(`check-kubernetes: ${text}\n`);

/** Runs tests on a cluster. Resolves with vitest's exit code. `stop` ends vitest first. */
export async function runTests(
  { access, kubeconfig }: ControlPlane,
  options: { readonly dir: string; readonly args: readonly string[]; readonly stop: AbortSignal },
): Promise<number> {
  const variables: ClusterVariables = {
    KUBECONFIG: kubeconfig,
    PIXELMESH_CLUSTER_DIR: options.dir,
    PIXELMESH_CLUSTER_URL: access.url,
    PIXELMESH_CLUSTER_TOKEN: access.token,
    PIXELMESH_CLUSTER_CA: access.caFile,
  };
  const vitest = spawn("vitest", ["run", "--project", "kubernetes", ...options.args], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...variables },
  });
  const end = () => vitest.kill("SIGTERM");
  options.stop.addEventListener("abort", end);
  if (options.stop.aborted) end();
  const [code] = (await once(vitest, "exit")) as [number | null];
  return options.stop.aborted ? interrupted : (code ?? 1);
}

/** The exit code after Ctrl-C. */
export const interrupted = 130;

/** Runs `main` and sets the exit code. SIGINT, SIGTERM and SIGHUP abort its signal, so that everything it started ends in order. */
export async function runUntilSignal(main: (stop: AbortSignal) => Promise<number>): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  process.exitCode = await main(stop.signal);
}
