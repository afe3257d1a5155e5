import { emptyScope } from "./zero.ts";

/** One query of a panel, with the legend of its series. */
export type Target = { readonly expr: string; readonly legend: string };

/** The colour of a panel's value from a threshold on. */
export type Step = { readonly from: number; readonly color: "green" | "yellow" | "red" };

/** What a panel needs besides a busy mesh without a GPU, so that its queries have series. */
export type Need = "gpu" | "kubernetes" | "nats exporter";

/** The source form of a panel. */
export type Panel = {
  readonly title: string;
  /** What it shows, as a sentence. */
  readonly description: string;
  /** A unit of Grafana; `faultsOfUnit` checks it against the queries. */
  readonly unit: "s" | "bytes" | "Bps" | "percentunit" | "reqps" | "cps" | "mps" | "wps" | "short" | "none";
  readonly targets: readonly Target[];
  /** Default: timeseries. */
  readonly kind?: "timeseries" | "stat" | "table" | "state-timeline";
  /** Of 24 columns; default 8. */
  readonly width?: number;
  /** Thresholds; on a timeseries they are lines. */
  readonly steps?: readonly Step[];
  /** The colour below the first threshold; default green. */
  readonly below?: Step["color"];
  /** Texts that stand for values, with their colours. */
  readonly values?: Readonly<Record<number, { readonly text: string; readonly color: Step["color"] }>>;
  /** Why a healthy mesh has no series here. The panel then shows 0, as long as the mesh is scraped. */
  readonly zeroBecause?: string;
  readonly needs?: Need;
};

/** Panels under one heading. */
export type Row = { readonly title: string; readonly panels: readonly Panel[] };

/** A variable that the user can choose, with the values of a label, or with values and their names from whole series. */
export type Variable = {
  readonly name: string;
  readonly label: string;
} & (
  | { readonly labelOf: string; readonly series: string }
  /** `pattern` has the named groups `value` and `text`. */
  | { readonly query: string; readonly pattern: string }
);

/** The source form of a dashboard. Every dashboard has the variables of data source and namespace besides its own. */
export type Dashboard = {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables?: readonly Variable[];
  readonly rows: readonly Row[];
};

/** The datasource of alerts and the default of dashboards, with the uid of the provisioning. */
export const datasource = { type: "prometheus", uid: "prometheus" } as const;

/** Returns the query of a target as Grafana runs it, without the variable of the namespace. */
export function queryOf({ zeroBecause }: Panel, { expr, legend }: Target): string {
  return zeroBecause === undefined ? expr : `(${expr}) or on () ${emptyScope(legend)}`;
}

/** The version of processes that the user has chosen, joined to a query about them. */
export const ofVersion = (expr: string) =>
  `${expr} * on (namespace, job, instance) group_left (version) pixelmesh_build_info{version=~"$version"}`;

/** The names of devices, joined to a query about them: card or machine, and in Kubernetes pod and node of one process that reports it. */
export const withDeviceNames = (expr: string) =>
  `${expr} * on (namespace, device) group_left (name, pod, node) topk by (namespace, device) (1, pixelmesh_device_info)`;

/** The legend of `withDeviceNames`. */
export const deviceLegend = "{{name}} {{pod}} {{node}}";
