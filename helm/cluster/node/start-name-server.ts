import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../control-plane/programs.ts";
import { type Program, startProgram } from "../control-plane/start-program.ts";
import { place } from "./place.ts";

/** Starts CoreDNS for `cluster.local` on the node's address. */
export function startNameServer(dir: string, kubeconfig: string): Program {
  const corefile = join(dir, "Corefile");
  writeFileSync(
    corefile,
    `. {
  bind ${place.address}
  errors
  cache 5
  kubernetes cluster.local {
    kubeconfig ${kubeconfig} check
    pods disabled
    ttl 5
  }
}
`,
  );
  return startProgram(findProgram("coredns"), ["-conf", corefile], { logFile: join(dir, "coredns.log") });
}
