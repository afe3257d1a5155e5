/** One query of a panel, with the legend of its series. */
export type Target = { readonly expr: string; readonly legend: string };

/** A panel of a dashboard. `steps` gives the colour from each value on. `width` is in columns of 24. */
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

/** The source form of a dashboard. `variables` are label values that the user can choose. */
export type Dashboard = {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables?: readonly { readonly name: string; readonly query: string }[];
  readonly rows: readonly Row[];
};

/** The datasource of every dashboard, with the uid of the provisioning. */
export const datasource = { type: "prometheus", uid: "prometheus" } as const;

/** Converts a dashboard to Grafana's JSON model. */
export function toGrafana({ uid, title, description, variables = [], rows }: Dashboard) {
  let id = 0;
  let y = 0;
  const panels = rows.flatMap((row) => {
    const heading = {
      id: ++id,
      type: "row",
      title: row.title,
      collapsed: false,
      gridPos: toGridPos(0, y, 24, 1),
      panels: [],
    };
    y += 1;
    let x = 0;
    const panelModels = row.panels.map((panel) => {
      const width = panel.width ?? 8;
      if (x + width > 24) {
        x = 0;
        y += 8;
      }
      const model = toGrafanaPanel(panel, ++id, toGridPos(x, y, width, 8));
      x += width;
      return model;
    });
    y += 8;
    return [heading, ...panelModels];
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

const toGridPos = (x: number, y: number, w: number, h: number) => ({ x, y, w, h });

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

function toGrafanaPanel(panel: Panel, id: number, gridPos: ReturnType<typeof toGridPos>) {
  const { title, description, unit, targets, kind = "timeseries", steps = [] } = panel;
  const thresholds = {
    mode: "absolute",
    steps: [{ color: "green", value: null }, ...steps.map(({ from, color }) => ({ color, value: from }))],
  };
  const lineStyle =
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
      defaults: { unit, thresholds, ...(unit === "percentunit" ? { min: 0 } : {}), ...lineStyle },
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
