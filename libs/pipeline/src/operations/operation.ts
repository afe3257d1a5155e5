import type { LargerModel, Notice, Step } from "@pixelmesh/proto";
import type { WorkerRole } from "@pixelmesh/roles";
import type { CostCurve } from "../estimates/measured-rates.ts";
import type { LoadLevel } from "../plan/load-level.ts";
import type { Size } from "../values/sizes.ts";
import type { Catalogue } from "./catalogue.ts";
import type { NumberRanges } from "./number-ranges.ts";
import type { Compression } from "./upscale-auto.ts";

/** The operation of a step that has one. */
export type Operation = NonNullable<Step["operation"]>;

/** Name of an operation in the generated code. */
export type OperationCase = Operation["$case"];

/** The message of each operation, by its case. */
export type OperationValues = { readonly [O in Operation as O["$case"]]: O["value"] };

/** An operation of case `C`. Written as a lookup, so that the compiler matches a message with the definition of the same case. */
export type OperationOf<C extends OperationCase> = {
  [K in C]: { readonly $case: K; readonly value: OperationValues[K] };
}[C];

/** A picture that an operation takes in. */
export type InputDescription = {
  readonly name: string;
  /** The picture must have the size of the first input. */
  readonly isSizeOfFirst?: true;
};

/**
 * The context of a resolution. `input` is the size of the first input, and `compression` how its picture was stored, where they are known;
 * `path` names the operation in errors.
 */
export type ResolveContext = {
  readonly catalogue: Catalogue;
  readonly input: Size | undefined;
  readonly compression?: Compression | undefined;
  readonly path: string;
};

/** An operation's message with every default filled in, in canonical form. */
export type ResolvedValue<C extends OperationCase> = {
  readonly value: OperationValues[C];
  /** sha256 of the model's file; left out where no model is used or known yet. */
  readonly modelDigest?: string;
  /** Models that the step tries after its own, in order. They are part of the result key. */
  readonly largerModels?: readonly LargerModel[];
  /** Other revisions or digests that the pixels depend on. They become part of the step's revision. */
  readonly dependsOn?: unknown;
  /** Choices that the caller left to the mesh, to be told in the job. */
  readonly notices?: readonly Pick<Notice, "kind" | "text">[];
};

/** A change that a degradation made: `kind`, and the value before and after it. */
export type DegradedField = { readonly kind: string; readonly from: string; readonly to: string };

/** The expected cost of an operation, and how it is measured. */
export type OperationCost<C extends OperationCase> = {
  /** Assumed cost on two CPU cores, until it was measured. A weight of progress, not a promise. */
  readonly curve: CostCurve;
  /** Factor of the megapixel part of the curve. */
  runs(value: OperationValues[C]): number;
  /** The parameters that change the speed, as parts of the name under which the cost is measured. */
  variant(value: OperationValues[C]): readonly string[];
  /** Pixels of the result for each pixel of the first input; assumed where the input's size (0 by 0) is unknown. */
  pixelRatio(value: OperationValues[C], input: Size): number;
  /** Operations whose measured costs add up to this one's; empty where the operation has no parts. */
  parts(value: OperationValues[C]): readonly OperationValues[C][];
};

/** Everything that the mesh knows about one operation, except how its pixels are computed. Pure: no I/O, clock or randomness. */
export type OperationDefinition<C extends OperationCase, R extends WorkerRole = WorkerRole> = {
  readonly case: C;
  /** Name in the contract. */
  readonly name: string;
  /** Role of the processes that run it. */
  readonly role: R;
  /** Part of the result key. Raise it whenever the operation's pixels change. */
  readonly revision: number;
  /** Whether a model runs it. */
  readonly usesModel: boolean;
  /** The list of the catalogue whose entries it names. */
  readonly catalogueList: keyof Catalogue | undefined;
  /** Whether its result has an alpha channel also where its input has none. */
  readonly addsAlpha: boolean;
  /** Whether its result has more pixels than its input. The size policy shrinks the input of such an operation. */
  readonly enlarges: boolean;
  /** The range of every number field. Numbers outside it, NaN and infinite ones are refused. */
  readonly numbers: NumberRanges<OperationValues[C]>;
  /** The pictures that it takes, in order. */
  inputs(value: OperationValues[C]): readonly InputDescription[];
  /** Checks what `numbers` does not express. Throws INVALID_ARGUMENT with the field below `path`. */
  validate(value: OperationValues[C], path: string): void;
  /** Checks names against the catalogue. Throws UNKNOWN_MODEL, MODEL_UNAVAILABLE, UNKNOWN_EFFECT or INVALID_ARGUMENT. */
  assertKnown(value: OperationValues[C], path: string, catalogue: Catalogue): void;
  /** Fills in every default, so that equal steps get equal bytes. Throws as `validate` and `assertKnown` do. */
  resolve(value: OperationValues[C], context: ResolveContext): ResolvedValue<C>;
  /** The part of the result key that its parameters make. `modelDigest` is empty where no model is used or known. */
  keyParameters(value: OperationValues[C], modelDigest: string): unknown;
  /** Name of its model; empty where it uses none or takes the default. */
  modelName(value: OperationValues[C]): string;
  /** Size of its result for a first input of this size; `unknownSize` where only the worker will know it. `effects` are those of the catalogue. */
  resultSize(value: OperationValues[C], input: Size, effects: Catalogue["effects"]): Size;
  /** Lowers a resolved operation for a load of this level. `asked` is the operation before it was resolved. */
  degrade(
    value: OperationValues[C],
    asked: OperationValues[C],
    level: LoadLevel,
    catalogue: Catalogue,
  ): { readonly value: OperationValues[C]; readonly changes: readonly DegradedField[] };
  readonly expectedCost: OperationCost<C>;
};

/** Members of a definition that may be left out: they then do nothing, or keep the message as it is. */
type OptionalMember = "validate" | "assertKnown" | "resolve" | "keyParameters" | "modelName" | "degrade";

/** A definition as its file writes it. */
export type OperationSpec<C extends OperationCase, R extends WorkerRole> = Omit<
  OperationDefinition<C, R>,
  OptionalMember | "expectedCost"
> &
  Partial<Pick<OperationDefinition<C, R>, OptionalMember>> & {
    readonly expectedCost: Pick<OperationCost<C>, "curve"> & Partial<OperationCost<C>>;
  };

/** Completes the definition of an operation. */
export function defineOperation<const C extends OperationCase, const R extends WorkerRole>(
  spec: OperationSpec<C, R>,
): OperationDefinition<C, R> {
  return {
    validate() {},
    assertKnown() {},
    resolve: (value) => ({ value }),
    keyParameters: (value) => value,
    modelName: () => "",
    degrade: (value) => ({ value, changes: [] }),
    ...spec,
    expectedCost: {
      runs: () => 1,
      variant: () => [],
      pixelRatio: () => 1,
      parts: () => [],
      ...spec.expectedCost,
    },
  };
}
