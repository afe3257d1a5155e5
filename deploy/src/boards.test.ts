import { describe, expect, test } from "vitest";
import { dashboards } from "./generate.ts";
import type { GrafanaDashboard, GrafanaFields, GrafanaPanel, GrafanaTarget, GrafanaVariable } from "./grafana-types.ts";
import { toGrafana } from "./to-grafana.ts";

const boards = dashboards.map((dashboard): [string, GrafanaDashboard] => [dashboard.title, toGrafana(dashboard)]);
const panelsOf = ({ panels }: GrafanaDashboard) =>
  panels.filter((panel): panel is GrafanaPanel => panel.type !== "row");

test("the published types refuse what Grafana does not know", () => {
  // The compiler reports an expected error that does not occur.
  // @ts-expect-error The cursor has three modes.
  const cursor: GrafanaDashboard["graphTooltip"] = 7;
  // @ts-expect-error A legend is a list, a table or hidden.
  const panel: Pick<GrafanaPanel, "options"> = { options: { legend: { displayMode: "sideways" } } };
  // @ts-expect-error Thresholds are absolute or parts.
  const fields: GrafanaFields = { thresholds: { mode: "relative", steps: [] } };
  // @ts-expect-error A query has no such member.
  const target: GrafanaTarget = { expr: "up", legend: "x" };
  // @ts-expect-error A variable has no such type.
  const variable: GrafanaVariable = { name: "x", type: "list" };
  expect([cursor, panel, fields, target, variable]).toHaveLength(5);
});

// The rules of Grafana's dashboard-linter that apply to dashboards of one product.
describe.each(boards)("%s", (_, board) => {
  const variables = board.templating.list ?? [];

  test("has variables of data source and namespace, and every panel and query uses them", () => {
    expect(variables.slice(0, 2).map(({ name, type }) => [name, type])).toEqual([
      ["datasource", "datasource"],
      ["namespace", "query"],
    ]);
    for (const variable of variables.slice(1)) expect(variable.datasource?.uid).toBe("$datasource");
    for (const { datasource, targets } of panelsOf(board)) {
      expect(datasource?.uid).toBe("$datasource");
      for (const { expr, datasource: own } of targets) {
        expect(own?.uid).toBe("$datasource");
        expect(expr).toContain('namespace=~"$namespace"');
      }
    }
  });

  test("uses every variable that it has, and has every variable that it uses", () => {
    const text = JSON.stringify([panelsOf(board), variables.map(({ query }) => query)]);
    const used = new Set([...text.matchAll(/\$(\w+)/g)].map(([, name]) => name as string));
    const names = new Set(variables.map(({ name }) => name));
    expect([...names].filter((name) => !used.has(name))).toEqual([]);
    expect([...used].filter((name) => !names.has(name) && !name.startsWith("__"))).toEqual([]);
  });

  test("has panels with a title, a description and a unit, and rates over Grafana's interval or a long one", () => {
    for (const { title, description, fieldConfig, targets } of panelsOf(board)) {
      expect(title).toMatch(/\S/);
      expect(description, title).toMatch(/\.$/);
      expect(fieldConfig?.defaults.unit, title).toMatch(/\S/);
      for (const { expr } of targets)
        for (const [, window] of expr.matchAll(/\[([^\]]+)\]/g))
          expect(window, title).toMatch(/^(\$__rate_interval|15m|30m|1h|1d)$/);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    }
    const titles = panelsOf(board).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  test("has panels side by side, none over another", () => {
    const taken = new Set<string>();
    for (const { gridPos } of board.panels) {
      const { x, y, w, h } = gridPos ?? { x: 0, y: 0, w: 0, h: 0 };
      expect(x + w).toBeLessThanOrEqual(24);
      for (let column = x; column < x + w; column++)
        for (let line = y; line < y + h; line++) {
          expect(taken.has(`${column} ${line}`)).toBe(false);
          taken.add(`${column} ${line}`);
        }
    }
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
  });
});

test("the first screen of the overview shows the golden signals, device memory with its lines, the queues and alerts", () => {
  const [, overview] = boards[0] as [string, GrafanaDashboard];
  // A screen of 1080 lines shows about 20 rows of the grid.
  const first = panelsOf(overview).filter(({ gridPos }) => (gridPos?.y ?? 99) + (gridPos?.h ?? 0) <= 20);
  const titles = first.map(({ title = "" }) => title.split(":")[0]);
  for (const title of ["Latency", "Traffic", "Errors", "Saturation", "Wait in queues", "Firing alerts"])
    expect(titles).toContain(title);
  const memory = first.find(({ title }) => title?.startsWith("Saturation"));
  expect(memory?.fieldConfig?.defaults.thresholds?.steps.map(({ value }) => value)).toEqual([null, 0.85, 0.95]);
});
