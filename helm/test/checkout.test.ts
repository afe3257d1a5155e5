import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { chartDir, helm, lint, refusal, render, scratchDir } from "./render.ts";

const withNats = (file: string) =>
  readFileSync(fileURLToPath(new URL(`../with-nats/${file}`, import.meta.url)), "utf8");

test("a checkout needs no dependency: lint, template and package work with a broker of your own", () => {
  expect(existsSync(join(chartDir, "charts"))).toBe(false);
  expect(lint({ profile: "minimal", chart: chartDir })).toMatch(/0 chart\(s\) failed/);
  expect(render({ profile: "minimal", chart: chartDir }).objects.length).toBeGreaterThan(20);
  const out = scratchDir("package");
  execFileSync(helm, ["package", chartDir, "--destination", out], { encoding: "utf8" });
  expect(render({ profile: "minimal", chart: join(out, "pixelmesh-0.1.0.tgz") }).objects.length).toBeGreaterThan(20);
});

test("helm refuses a dependency that charts/ lacks, even if its condition turns it off: the reason for the package", () => {
  const dir = join(scratchDir("dependency"), "one");
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "Chart.yaml"), `apiVersion: v2\nname: one\nversion: 0.1.0\n${withNats("dependencies.yaml")}`);
  writeFileSync(join(dir, "values.yaml"), "nats: { enabled: false }\n");
  expect(() => execFileSync(helm, ["template", "mesh", dir], { stdio: "pipe" })).toThrow(
    /missing in charts\/ directory: nats/,
  );
});

/** Helm's own digest of a lock: the dependencies of Chart.yaml, and the locked ones, as Go writes them as JSON. */
test("Chart.lock fits the dependency, so that `helm dependency build` accepts it", () => {
  type Dependency = { name: string; version: string; repository: string; condition?: string };
  const asked = (parse(withNats("dependencies.yaml")) as { dependencies: Dependency[] }).dependencies;
  const lock = parse(withNats("Chart.lock")) as { dependencies: Dependency[]; digest: string };
  const inOrder = ({ name, version, repository, condition }: Dependency) => ({
    name,
    version,
    repository,
    ...(condition ? { condition } : {}),
  });
  const text = JSON.stringify([asked.map(inOrder), lock.dependencies.map(inOrder)]);
  expect(lock.digest).toBe(`sha256:${createHash("sha256").update(text).digest("hex")}`);
});

/** Runs `make chart`'s script, with the NATS chart from a folder. */
function packageWith(natsChart: string): { readonly output: string; readonly archive: string } {
  const out = scratchDir("make-chart");
  const script = fileURLToPath(new URL("../../scripts/chart.sh", import.meta.url));
  const env = { ...process.env, OUT: out, NATS_CHART: natsChart };
  const output = execFileSync("bash", [script], { encoding: "utf8", env, stdio: ["ignore", "pipe", "pipe"] });
  return { output, archive: join(out, "pixelmesh-0.1.0.tgz") };
}

test("`make chart` packages the NATS chart, and the package renders with a broker of either kind", () => {
  const nats = join(scratchDir("nats-chart"), "nats");
  mkdirSync(join(nats, "templates"), { recursive: true });
  writeFileSync(join(nats, "Chart.yaml"), "apiVersion: v2\nname: nats\nversion: 2.14.2\n");
  writeFileSync(join(nats, "templates/one.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: from-nats }\n");
  const { output, archive } = packageWith(nats);
  expect(output).toMatch(/chart: done in \d+ s, 0 skipped/);
  const names = (profile: string) => render({ profile, chart: archive }).objects.map(({ metadata }) => metadata.name);
  expect(names("no-keda")).toContain("from-nats");
  expect(names("minimal")).not.toContain("from-nats");
});

test("where the NATS chart cannot be had, `make chart` says so, and the package refuses it and works without", () => {
  const { output, archive } = packageWith("/nowhere/nats");
  expect(output).toMatch(/SKIPPED the NATS chart/);
  expect(output).toMatch(/1 skipped/);
  expect(render({ profile: "minimal", chart: archive }).objects.length).toBeGreaterThan(20);
  expect(refusal({ profile: "no-keda", chart: archive })).toMatch(/Install the package of `make chart`/);
});
