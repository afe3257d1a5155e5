import { AppError } from "@pixelmesh/errors";
import type { Step } from "@pixelmesh/proto";
import type { WorkerRole } from "@pixelmesh/roles";
import type { Size } from "../values/sizes.ts";
import { applyEffects } from "./apply-effects.ts";
import type { Catalogue } from "./catalogue.ts";
import { validateNumbers } from "./number-ranges.ts";
import type { InputDescription, Operation, OperationCase, OperationDefinition, OperationOf } from "./operation.ts";
import { prescale } from "./prescale.ts";
import { remoteModel } from "./remote-model.ts";
import { removeBackground } from "./remove-background.ts";
import { replaceBackground } from "./replace-background.ts";
import { upscale } from "./upscale.ts";

/** A definition for each operation of the contract. */
type OperationTable = { readonly [C in OperationCase]: OperationDefinition<C> };

const definitions = {
  prescale,
  upscale,
  removeBackground,
  replaceBackground,
  applyEffects,
  remoteModel,
} satisfies OperationTable;

/** Every operation of the contract, in the contract's order. All other code derives from this table. */
export const operations: OperationTable = definitions;

/** Cases of all operations, in the contract's order. */
export const operationCases = Object.keys(operations) as readonly OperationCase[];

/** Names of all operations, in the contract's order. */
export const operationNames: readonly string[] = Object.values(operations).map(({ name }) => name);

/** Cases of the operations that run a model. */
export const modelOperationCases = operationCases.filter((name) => operations[name].usesModel);

/** The cases of the operations that processes of role `R` run. */
export type OperationsOfRole<R extends WorkerRole> = {
  [C in OperationCase]: (typeof definitions)[C]["role"] extends R ? C : never;
}[OperationCase];

/** A handler for each operation of role `R`, and for no other. */
export type HandlersOf<R extends WorkerRole, Handler> = { readonly [C in OperationsOfRole<R>]: Handler };

/** The operation of a step. Throws UNKNOWN_OPERATION where the step has none that this release knows. */
export function operationOf(step: Step): Operation {
  if (step.operation !== undefined && Object.hasOwn(operations, step.operation.$case)) return step.operation;
  throw new AppError(
    "UNKNOWN_OPERATION",
    `Step \`${step.id.slice(0, 64)}\` has no operation that this mesh knows; known: ${operationNames.join(", ")}`,
    { metadata: { known: operationNames.join(",") } },
  );
}

/** The pictures that an operation takes, in order. */
export function inputsOf<C extends OperationCase>({ $case, value }: OperationOf<C>): readonly InputDescription[] {
  return operations[$case].inputs(value);
}

/** Checks an operation's own fields, without the catalogue. `path` is the operation's in the request. Throws INVALID_ARGUMENT. */
export function validateOperation<C extends OperationCase>({ $case, value }: OperationOf<C>, path: string): void {
  const definition = operations[$case];
  validateNumbers(value, definition.numbers, path);
  definition.validate(value, path);
}

/**
 * Checks the models and effects that an operation names. `path` is the operation's in the request. Throws UNKNOWN_MODEL,
 * MODEL_UNAVAILABLE, UNKNOWN_EFFECT, or INVALID_ARGUMENT with the field.
 */
export function assertKnown<C extends OperationCase>(
  { $case, value }: OperationOf<C>,
  path: string,
  catalogue: Catalogue,
): void {
  operations[$case].assertKnown(value, path, catalogue);
}

/** Size of the result for a first input of this size; `unknownSize` where only the worker will know it. `effects` are those of the catalogue. */
export function resultSize<C extends OperationCase>(
  { $case, value }: OperationOf<C>,
  input: Size,
  effects: Catalogue["effects"],
): Size {
  return operations[$case].resultSize(value, input, effects);
}

/** Pixels of the result for each pixel of the first input; assumed where the input's size is unknown. */
export function pixelRatio<C extends OperationCase>({ $case, value }: OperationOf<C>, input: Size): number {
  return operations[$case].expectedCost.pixelRatio(value, input);
}

/** Name of the model that an operation runs; empty where it uses none or takes the default. */
export function modelOf<C extends OperationCase>({ $case, value }: OperationOf<C>): string {
  return operations[$case].modelName(value);
}
