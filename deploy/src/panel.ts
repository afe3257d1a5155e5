/** One line of a panel: a query, and how its series are named. */
export type Target = { readonly expr: string; readonly legend: string };

/** A figure of a dashboard. `steps` colours it from each value on; widths are of 24. */
export type Panel = {
  readonly title: string;
  readonly description: string;
  readonly unit: "s" | "bytes" | "percentunit" | "reqps" | "short" | "none";
  readonly targets: readonly Target[];
  readonly kind?: "timeseries" | "stat" | "table" | "heatmap";
  readonly steps?: readonly { readonly from: number; readonly color: "green" | "yellow" | "red" }[];
  readonly width?: number;
};

/** Panels under one heading. */
export type Row = { readonly title: string; readonly panels: readonly Panel[] };

/** A dashboard as we write it; `variables` are label values that can be chosen. */
export type Dashboard = {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables?: readonly { readonly name: string; readonly query: string }[];
  readonly rows: readonly Row[];
};

/** What every dashboard asks: Prometheus, as the provisioning names it. */
export const datasource = { type: "prometheus", uid: "prometheus" } as const;

/** A dashboard as Grafana reads it. */
export function toGrafana({ uid, title, description, variables = [], rows }: Dashboard) {
  let id = 0;
  let y = 0;
  const panels = rows.flatMap((row) => {
    const heading = {
      id: ++id,
      type: "row",
      title: row.title,
      collapsed: false,
      gridPos: place(0, y, 24, 1),
      panels: [],
    };
    y += 1;
    let x = 0;
    const figures = row.panels.map((panel) => {
      const width = panel.width ?? 8;
      if (x + width > 24) {
        x = 0;
        y += 8;
      }
      const figure = toFigure(panel, ++id, place(x, y, width, 8));
      x += width;
      return figure;
    });
    y += 8;
    return [heading, ...figures];
  });
  return {
    uid,
    title,
    description,
    tags: ["pixelmesh"],
    schemaVersion: 39,
    version: 1,
    editable: false,
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    timezone: "browser",
    graphTooltip: 1,
    links: [{ type: "dashboards", tags: ["pixelmesh"], title: "Pixelmesh", asDropdown: true }],
    templating: { list: variables.map(toVariable) },
    annotations: { list: [] },
    panels,
  };
}

const place = (x: number, y: number, w: number, h: number) => ({ x, y, w, h });

function toVariable({ name, query }: { readonly name: string; readonly query: string }) {
  return {
    name,
    type: "query",
    datasource,
    query: { query: `label_values(${query})`, refId: name },
    definition: `label_values(${query})`,
    refresh: 2,
    includeAll: true,
    multi: true,
    allValue: ".*",
    current: { text: "All", value: "$__all" },
    sort: 1,
  };
}

function toFigure(panel: Panel, id: number, gridPos: ReturnType<typeof place>) {
  const { title, description, unit, targets, kind = "timeseries", steps = [] } = panel;
  const thresholds = {
    mode: "absolute",
    steps: [{ color: "green", value: null }, ...steps.map(({ from, color }) => ({ color, value: from }))],
  };
  const drawn =
    kind === "timeseries"
      ? { custom: { fillOpacity: 8, thresholdsStyle: { mode: steps.length > 0 ? "line" : "off" } } }
      : {};
  return {
    id,
    type: kind,
    title,
    description,
    datasource,
    gridPos,
    fieldConfig: {
      defaults: { unit, thresholds, ...(unit === "percentunit" ? { min: 0 } : {}), ...drawn },
      overrides: [],
    },
    options:
      kind === "timeseries" ? { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi" } } : {},
    targets: targets.map(({ expr, legend }, at) => ({
      refId: String.fromCharCode(65 + at),
      datasource,
      expr,
      legendFormat: legend,
      exemplar: kind === "timeseries" && expr.includes("_bucket"),
      ...(kind === "table" ? { instant: true, format: "table" } : {}),
    })),
  };
}
