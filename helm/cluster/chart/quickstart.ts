import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../control-plane/programs.ts";

/** The commands of the first steps in docs/how-to/run-in-kubernetes.md. */
export type Quickstart = {
  readonly release: string;
  /** The flags of `helm install`, without the namespace. */
  readonly flags: readonly string[];
  /** The labels that the namespace gets. */
  readonly labels: Readonly<Record<string, string>>;
};

/** The chart of a checkout, or its package. */
const charts = /^(helm\/pixelmesh|out\/helm\/pixelmesh-[\d.]+\.tgz)$/;

/** Reads the documented first installation. Throws if the page has none. */
export function readQuickstart(
  page: string = readFileSync(join(root, "docs/how-to/run-in-kubernetes.md"), "utf8"),
): Quickstart {
  const line = (start: string) => {
    const found = page.split("\n").find((one) => one.startsWith(start));
    if (found === undefined)
      throw new Error(`Expected a line "${start}…" in docs/how-to/run-in-kubernetes.md, found none`);
    return found
      .slice(start.length)
      .replace(/\s+#.*$/, "")
      .trim()
      .split(/\s+/);
  };
  const [release = "", chart, ...flags] = line("helm install ");
  const at = flags.indexOf("-n");
  if (!charts.test(chart ?? "") || at === -1)
    throw new Error(
      `Expected "helm install NAME CHART -n NAMESPACE …" with our chart in the page, got ${[release, chart, ...flags].join(" ")}`,
    );
  const [, ...labels] = line("kubectl label namespace ");
  return {
    release,
    flags: flags.toSpliced(at, 2),
    labels: Object.fromEntries(labels.map((one) => one.split("=") as [string, string])),
  };
}
