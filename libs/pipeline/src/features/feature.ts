import type { ParameterDescription, Step, Value } from "@pixelmesh/proto";
import type { FeatureParameters, FeatureValues } from "./parameters.ts";

/** Adds a step by a hosted model, whose inputs are those of `step`. */
export type HostedStep = (id: string, ...inputs: Step["inputs"]) => Step;

/** How a feature is done by this mesh alone. */
type LocalWay<V> = { readonly steps: (values: V) => Step[] };

/** How a feature is done with a hosted model. */
type HostedWay<V> = {
  /** What the hosted model must be able to do: one of `RemoteModel.capabilities`. */
  readonly capability: string;
  /** The parameters that the hosted model gets, where it has parameters of these names. */
  readonly passes: readonly (keyof V & string)[];
  readonly steps: (values: V, hosted: HostedStep) => Step[];
};

type FeatureSpec<P extends FeatureParameters> = {
  /** [a-z][a-z0-9_]{0,31} */
  readonly name: string;
  /** From 1. A change of the steps or of a default is a new version; the old one stays. */
  readonly version: number;
  readonly title: string;
  /** What it does, in one or two sentences. */
  readonly description: string;
  readonly parameters: P;
  readonly local?: LocalWay<FeatureValues<P>>;
  readonly hosted?: HostedWay<FeatureValues<P>>;
};

/** A version of a named pipeline. It has a local way, a way with a hosted model, or both. */
export type Feature = Pick<FeatureSpec<FeatureParameters>, "name" | "version" | "title" | "description"> & {
  readonly parameters: ParameterDescription[];
  /** Returns the steps of the local way, for checked values of all parameters. */
  readonly local: ((values: CheckedValues) => Step[]) | undefined;
  readonly hosted:
    | {
        readonly capability: string;
        readonly passes: readonly string[];
        readonly steps: (values: CheckedValues, hosted: HostedStep) => Step[];
      }
    | undefined;
};

/** A value for each parameter of a feature, checked. */
export type CheckedValues = Readonly<Record<string, Value>>;

/** Completes a feature. */
export function defineFeature<const P extends FeatureParameters>(spec: FeatureSpec<P>): Feature {
  const { name, version, title, description, local, hosted } = spec;
  const read = (values: CheckedValues) =>
    Object.fromEntries(
      Object.entries(spec.parameters).map(([key, parameter]) => [
        key,
        parameter.read(values[key] ?? { kind: undefined }),
      ]),
    ) as FeatureValues<P>;
  return {
    name,
    version,
    title,
    description,
    parameters: Object.entries(spec.parameters).map(([key, parameter]) => ({ name: key, ...parameter.description })),
    local: local && ((values) => local.steps(read(values))),
    hosted: hosted && { ...hosted, steps: (values, step) => hosted.steps(read(values), step) },
  };
}
