import type {
  GrafanaDashboard,
  GrafanaFields,
  GrafanaOptions,
  GrafanaPanel,
  GrafanaRow,
  GrafanaTarget,
  GrafanaVariable,
} from "./grafana-types.ts";
import { type Dashboard, datasource, type Panel, queryOf, type Row, type Variable } from "./panel.ts";
import { withMatcher } from "./selectors.ts";

type Position = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };

const panelHeight = 8;
const columns = 24;
const chosenSource = { type: datasource.type, uid: "$datasource" } as const;
const chosenNamespace = 'namespace=~"$namespace"';

/** Converts a dashboard to Grafana's JSON model of schema version 39. Every query selects the chosen namespace. */
export function toGrafana({ uid, title, description, variables = [], rows }: Dashboard): GrafanaDashboard {
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
    links: [toLink()],
    templating: { list: [sourceVariable, ...[namespaceVariable, ...variables].map(toVariable)] },
    annotations: { list: [] },
    panels: toPanels(rows),
  };
}

const toLink = (): NonNullable<GrafanaDashboard["links"]>[number] => ({
  type: "dashboards",
  tags: ["pixelmesh"],
  title: "Pixelmesh",
  asDropdown: true,
  icon: "external link",
  includeVars: true,
  keepTime: true,
  targetBlank: false,
  tooltip: "",
});

function toPanels(rows: readonly Row[]): (GrafanaPanel | GrafanaRow)[] {
  let id = 0;
  let y = 0;
  return rows.flatMap(({ title, panels }) => {
    id += 1;
    const heading: GrafanaRow = {
      id,
      type: "row",
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: columns, h: 1 },
      panels: [],
    };
    y += 1;
    let x = 0;
    const models = panels.map((panel) => {
      const w = panel.width ?? 8;
      if (x + w > columns) {
        x = 0;
        y += panelHeight;
      }
      id += 1;
      const model = toPanel(panel, id, { x, y, w, h: panelHeight });
      x += w;
      return model;
    });
    y += panelHeight;
    return [heading, ...models];
  });
}

const namespaceVariable: Variable = {
  name: "namespace",
  label: "Namespace",
  labelOf: "namespace",
  series: "pixelmesh_build_info",
};

const sourceVariable: GrafanaVariable = {
  name: "datasource",
  label: "Data source",
  type: "datasource",
  query: datasource.type,
  refresh: 1,
  includeAll: false,
  multi: false,
  hide: 0,
  skipUrlSync: false,
  options: [],
  current: { text: "Prometheus", value: datasource.uid },
};

/** All values are chosen by default. Outside of Kubernetes there is no namespace, and `.*` selects series without the label too. */
function toVariable(variable: Variable): GrafanaVariable {
  const { name, label } = variable;
  const query =
    "query" in variable
      ? `query_result(${withMatcher(variable.query, chosenNamespace)})`
      : `label_values(${name === "namespace" ? variable.series : withMatcher(variable.series, chosenNamespace)}, ${variable.labelOf})`;
  return {
    name,
    label,
    type: "query",
    datasource: chosenSource,
    query: { query, refId: name },
    definition: query,
    regex: "pattern" in variable ? `/${variable.pattern}/` : "",
    refresh: 2,
    includeAll: true,
    multi: true,
    allValue: ".*",
    allowCustomValue: true,
    hide: 0,
    skipUrlSync: false,
    options: [],
    current: { text: "All", value: "$__all" },
    sort: 1,
  };
}

function toPanel(panel: Panel, id: number, gridPos: Position): GrafanaPanel {
  const { title, description, targets, kind = "timeseries" } = panel;
  return {
    id,
    type: kind,
    title,
    description: panel.zeroBecause ? `${description} ${panel.zeroBecause}` : description,
    datasource: chosenSource,
    gridPos,
    fieldConfig: { defaults: toDefaults(panel), overrides: [] },
    options: toOptions(kind),
    targets: targets.map(
      (target, at): GrafanaTarget => ({
        refId: String.fromCharCode(65 + at),
        datasource: chosenSource,
        editorMode: "code",
        expr: withMatcher(queryOf(panel, target), chosenNamespace),
        legendFormat: target.legend,
        range: kind !== "table",
        instant: kind === "table",
        ...(kind === "table" ? { format: "table" } : {}),
        exemplar: kind === "timeseries" && target.expr.includes("_bucket"),
      }),
    ),
  };
}

function toDefaults({ unit, kind = "timeseries", steps = [], below = "green", values = {} }: Panel): GrafanaFields {
  const mappings = Object.entries(values).map(([value, { text, color }], index) => ({
    type: "value" as const,
    options: { [value]: { text, color, index } },
  }));
  const lines: GrafanaFields = {
    custom: { fillOpacity: 8, thresholdsStyle: { mode: steps.length > 0 ? "line" : "off" } },
  };
  return {
    unit,
    mappings,
    thresholds: {
      mode: "absolute",
      steps: [{ color: below, value: null }, ...steps.map(({ from, color }) => ({ color, value: from }))],
    },
    ...(unit === "percentunit" ? { min: 0 } : {}),
    ...(kind === "timeseries" ? lines : {}),
  };
}

function toOptions(kind: NonNullable<Panel["kind"]>): GrafanaOptions {
  if (kind === "timeseries")
    return {
      legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
      tooltip: { mode: "multi", sort: "desc" },
    };
  if (kind === "stat")
    return {
      reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
      textMode: "auto",
      colorMode: "value",
    };
  return {};
}
