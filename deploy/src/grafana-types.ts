import type { Dashboard, Panel, RowPanel, VariableModel } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Dataquery } from "@grafana/grafana-foundation-sdk/prometheus";
import type { Options as StatOptions } from "@grafana/grafana-foundation-sdk/stat";
import type { Options as StateTimelineOptions } from "@grafana/grafana-foundation-sdk/statetimeline";
import type { FieldConfig as LineFields, Options as LineOptions } from "@grafana/grafana-foundation-sdk/timeseries";

/** A published type of Grafana in the form of JSON: an enum is the union of its values. */
type Json<T> = T extends string
  ? `${T}`
  : T extends number | boolean | null | undefined
    ? T
    : T extends readonly (infer U)[]
      ? readonly Json<U>[]
      : { readonly [K in keyof T]: Json<T[K]> };

/** Part of an options type that a board sets. Grafana fills in the rest. */
type Part<T> = Partial<Json<T>>;

/** A dashboard of schema version 39, as `@grafana/grafana-foundation-sdk` publishes it. The types of its parts are checked where they are made. */
export type GrafanaDashboard = Omit<Json<Dashboard>, "panels"> & {
  readonly panels: readonly (GrafanaPanel | GrafanaRow)[];
};
/** A heading. */
export type GrafanaRow = Json<RowPanel>;
/** A panel of one of the kinds that the boards use, with a Prometheus query for each target. */
export type GrafanaPanel = Omit<Json<Panel>, "targets" | "options"> & {
  readonly options: GrafanaOptions;
  readonly targets: readonly GrafanaTarget[];
};
/** The options of a kind of panel. */
export type GrafanaOptions = Part<LineOptions> | Part<StatOptions> | Part<StateTimelineOptions>;
/** A query. */
export type GrafanaTarget = Json<Omit<Dataquery, "_implementsDataqueryVariant">>;
/** A variable. */
export type GrafanaVariable = Json<VariableModel>;
/** The fields of a panel: unit, thresholds, mappings; lines of a timeseries. */
export type GrafanaFields = Omit<NonNullable<Json<Panel>["fieldConfig"]>["defaults"], "custom"> & {
  readonly custom?: Part<LineFields>;
};
