import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import type { KubeObject } from "./objects.ts";

/** The chart of this checkout. */
export const chartDir = fileURLToPath(new URL("../pixelmesh/", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
const profilesDir = join(chartDir, "ci");
const kubeVersion = "1.35.0";

/** The names of all profiles, `ci/<name>-values.yaml`. */
export const profiles: readonly string[] = readdirSync(profilesDir)
  .filter((file) => file.endsWith("-values.yaml"))
  .map((file) => basename(file, "-values.yaml"))
  .sort();

/** Returns the path of a tool that `make check-deploy` built, else of the system's; `undefined` if there is neither. */
export function findTool(name: string): string | undefined {
  const dirs = [
    process.env.PIXELMESH_TOOLS_DIR ?? join(root, ".tools/bin"),
    ...(process.env.PATH ?? "").split(delimiter),
  ];
  return dirs.map((dir) => join(dir, name)).find((path) => existsSync(path));
}

/** Creates a folder that is removed after the test file. */
export function scratchDir(name: string): string {
  const dir = mkdtempSync(join(tmpdir(), `pixelmesh-${name}-`));
  scratchDirs.push(dir);
  return dir;
}
const scratchDirs: string[] = [];
afterAll(() => {
  for (const dir of scratchDirs) rmSync(dir, { recursive: true, force: true });
});

/** The program. */
export const helm = findTool("helm") ?? "helm";
// Left there by `make chart`. PIXELMESH_NATS_CHARTS names another folder with the NATS chart.
const natsCharts = [process.env.PIXELMESH_NATS_CHARTS, join(root, "out/helm/charts")].find(
  (path) => path !== undefined && existsSync(path),
);
/** Whether the NATS chart is available, so that profiles with `nats.enabled` have its objects. */
export const hasNatsChart = natsCharts !== undefined;
const withNats = fileURLToPath(new URL("../with-nats/", import.meta.url));

/**
 * Returns a copy of the chart as `make chart` packages it: with the NATS chart if it is available, else with a stand-in without
 * objects. The copy renders its notes as an object, because `helm template` does not print notes.
 */
export function copyChart(edit: (dir: string) => void = () => {}): string {
  const dir = join(scratchDir("chart"), "pixelmesh");
  cpSync(chartDir, dir, { recursive: true });
  const metadata = join(dir, "Chart.yaml");
  writeFileSync(metadata, readFileSync(metadata, "utf8") + readFileSync(join(withNats, "dependencies.yaml"), "utf8"));
  if (natsCharts) cpSync(natsCharts, join(dir, "charts"), { recursive: true });
  else {
    mkdirSync(join(dir, "charts/nats"), { recursive: true });
    writeFileSync(join(dir, "charts/nats/Chart.yaml"), "apiVersion: v2\nname: nats\nversion: 2.14.2\n");
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
const unchangedChart = () => {
  chart ??= copyChart();
  return chart;
};

/** The input of a render. */
export type RenderOptions = {
  readonly profile?: string;
  /** Values that override the profile. */
  readonly values?: object;
  readonly chart?: string;
  readonly release?: string;
  readonly kubeVersion?: string;
};

function argsOf({ profile, values, chart: dir = unchangedChart() }: RenderOptions): string[] {
  const files = profile === undefined ? [] : ["--values", join(profilesDir, `${profile}-values.yaml`)];
  if (values !== undefined) {
    const path = join(scratchDir("values"), "values.yaml");
    writeFileSync(path, stringify(values));
    files.push("--values", path);
  }
  return [dir, ...files];
}

/** Runs `helm template`. Returns the objects, and the notes apart (empty for a chart that `copyChart` did not make). Throws helm's error. */
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
  const notes = all.find(({ kind }) => kind === "Notes") as { text: string } | undefined;
  return { objects: all.filter(({ kind }) => kind !== "Notes"), notes: notes?.text ?? "" };
}

/** Returns helm's error for values that it must refuse. Throws if it renders them. */
export function refusal(options: RenderOptions): string {
  try {
    render(options);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("Expected helm to refuse the values, but it rendered them");
}

/** Runs `helm lint --strict`. Throws its findings. */
export function lint(options: RenderOptions): string {
  return execFileSync(helm, ["lint", "--strict", "--kube-version", kubeVersion, ...argsOf(options)], {
    encoding: "utf8",
  });
}
