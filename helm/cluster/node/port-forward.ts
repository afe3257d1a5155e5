import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { findProgram } from "../control-plane/programs.ts";

/** Forwards a free port of loopback to a port of a pod of `target`, by kubectl. Disposal ends it. */
export async function forwardPort(
  namespace: string,
  target: string,
  port: number,
): Promise<AsyncDisposable & { readonly address: string }> {
  const args = ["--namespace", namespace, "port-forward", target, `:${port}`];
  const child = spawn(findProgram("kubectl"), args, { stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors = (errors + chunk).slice(-2_000);
  });
  for await (const line of createInterface(child.stdout)) {
    const [, address] = /^Forwarding from (127\.0\.0\.1:\d+) /.exec(line) ?? [];
    if (address === undefined) continue;
    child.stdout.resume();
    return {
      address,
      async [Symbol.asyncDispose]() {
        child.kill();
        if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      },
    };
  }
  throw new Error(`Expected kubectl to forward a port to ${target}, got: ${errors}`);
}
