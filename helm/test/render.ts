import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { parse, parseAllDocuments, stringify } from "yaml";
import type { KubeObject } from "./objects.ts";

/** The chart of this checkout. */
export const chartDir = fileURLToPath(new URL("../pixelmesh/", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
const profilesDir = join(chartDir, "ci");
const kubeVersion = "1.35.0";

/** Every profile there is, by name: what `ci/<name>-values.yaml` says. */
export const profiles: readonly string[] = readdirSync(profilesDir)
  .filter((file) => file.endsWith("-values.yaml"))
  .map((file) => basename(file, "-values.yaml"))
  .sort();

/** A tool that `make check-deploy` brought, or one of the system; undefined where there is neither. */
export function findTool(name: string): string | undefined {
  const dirs = [
    process.env.PIXELMESH_TOOLS_DIR ?? join(root, ".tools/bin"),
    ...(process.env.PATH ?? "").split(delimiter),
  ];
  return dirs.map((dir) => join(dir, name)).find((path) => existsSync(path));
}

/** A folder that goes when the test file that imports this has ended. */
export function scratchDir(name: string): string {
  const dir = mkdtempSync(join(tmpdir(), `pixelmesh-${name}-`));
  scratchDirs.push(dir);
  return dir;
}
const scratchDirs: string[] = [];
afterAll(() => {
  for (const dir of scratchDirs) rmSync(dir, { recursive: true, force: true });
});

const helm = findTool("helm") ?? "helm";
// Where `make check-deploy` fetched it to, or where `helm dependency update` puts it.
const natsCharts = [join(root, "out/helm/charts"), join(chartDir, "charts")].find((path) => existsSync(path));
/** Whether the NATS chart could be had, so that profiles with `nats.enabled` have its objects. */
export const hasNatsChart = natsCharts !== undefined;

/**
 * A copy of the chart that helm can render: with the NATS chart where that could be had, else without the dependency. Its notes
 * are an object as well, because `helm template` shows none.
 */
export function copyChart(edit: (dir: string) => void = () => {}): string {
  const dir = join(scratchDir("chart"), "pixelmesh");
  cpSync(chartDir, dir, { recursive: true });
  if (natsCharts) cpSync(natsCharts, join(dir, "charts"), { recursive: true });
  else {
    const { dependencies: _, ...chart } = parse(readFileSync(join(dir, "Chart.yaml"), "utf8")) as Record<
      string,
      unknown
    >;
    writeFileSync(join(dir, "Chart.yaml"), stringify(chart));
  }
  const notes = readFileSync(join(dir, "templates/NOTES.txt"), "utf8");
  writeFileSync(join(dir, "templates/_notes.tpl"), `{{- define "test.notes" -}}\n${notes}\n{{- end -}}\n`);
  writeFileSync(
    join(dir, "templates/notes.yaml"),
    'apiVersion: test\nkind: Notes\nmetadata: { name: notes }\ntext: {{ include "test.notes" . | toJson }}\n',
  );
  edit(dir);
  return dir;
}

let chart: string | undefined;
const theChart = () => {
  chart ??= copyChart();
  return chart;
};

/** What a render is made of. */
export type RenderOptions = {
  readonly profile?: string;
  /** Laid over the profile. */
  readonly values?: object;
  readonly chart?: string;
  readonly release?: string;
  readonly kubeVersion?: string;
};

function argsOf({ profile, values, chart: dir = theChart() }: RenderOptions): string[] {
  const files = profile === undefined ? [] : ["--values", join(profilesDir, `${profile}-values.yaml`)];
  if (values !== undefined) {
    const path = join(scratchDir("values"), "values.yaml");
    writeFileSync(path, stringify(values));
    files.push("--values", path);
  }
  return [dir, ...files];
}

/** What `helm template` answers, parsed; with the notes apart. Throws with helm's words where it refuses. */
export function render(options: RenderOptions): { readonly objects: readonly KubeObject[]; readonly notes: string } {
  const flags = ["--namespace", "pictures", "--kube-version", options.kubeVersion ?? kubeVersion, "--include-crds"];
  const { status, stdout, stderr } = spawnSync(
    helm,
    ["template", options.release ?? "mesh", ...argsOf(options), ...flags],
    { encoding: "utf8", maxBuffer: 64 * 2 ** 20 },
  );
  if (status !== 0) throw new Error(stderr);
  const all = parseAllDocuments(stdout)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
  const notes = all.find(({ kind }) => kind === "Notes") as unknown as { text: string };
  return { objects: all.filter(({ kind }) => kind !== "Notes"), notes: notes.text };
}

/** Why helm refuses these values; fails where it does not. */
export function refusal(options: RenderOptions): string {
  try {
    render(options);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("Expected helm to refuse the values, and it rendered them");
}

/** `helm lint --strict`; throws with what it found. */
export function lint(options: RenderOptions): string {
  return execFileSync(helm, ["lint", "--strict", "--kube-version", kubeVersion, ...argsOf(options)], {
    encoding: "utf8",
  });
}
