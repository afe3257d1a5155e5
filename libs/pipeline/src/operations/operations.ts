import { AppError } from "@pixelmesh/errors";
import type { Step } from "@pixelmesh/proto";
import type { WorkerRole } from "@pixelmesh/roles";

/** An operation of a step that has one. */
export type Operation = NonNullable<Step["operation"]>;

/** How the generated code names an operation. */
export type OperationCase = Operation["$case"];

type OperationFacts = {
  /** As the contract names it; what people see. */
  readonly name: string;
  readonly service: WorkerRole;
  /** Part of the result key; grows whenever the operation's pixels change. */
  readonly revision: number;
  /** Whether a model does it. */
  readonly usesModel: boolean;
};

/** Every operation there is. */
export const operations: Readonly<Record<OperationCase, OperationFacts>> = {
  prescale: { name: "prescale", service: "ingest", revision: 1, usesModel: false },
  upscale: { name: "upscale", service: "upscale", revision: 3, usesModel: true },
  removeBackground: { name: "remove_background", service: "background", revision: 1, usesModel: true },
  replaceBackground: { name: "replace_background", service: "background", revision: 1, usesModel: false },
  applyEffects: { name: "apply_effects", service: "effects", revision: 1, usesModel: false },
};

/** Names of all operations, in the contract's order. */
export const operationNames: readonly string[] = Object.values(operations).map((facts) => facts.name);

/** A step's operation. Throws UNKNOWN_OPERATION where there is none that this release knows. */
export function operationOf(step: Step): Operation {
  if (step.operation !== undefined && Object.hasOwn(operations, step.operation.$case)) return step.operation;
  throw new AppError(
    "UNKNOWN_OPERATION",
    `Step \`${step.id.slice(0, 64)}\` has no operation that this mesh knows; known: ${operationNames.join(", ")}`,
    { metadata: { known: operationNames.join(",") } },
  );
}

/** The pictures an operation takes, in order, each by what it is. */
export function inputRoles(operation: Operation): readonly string[] {
  if (operation.$case !== "replaceBackground") return ["picture"];
  switch (operation.value.background?.$case) {
    case "picture":
      return ["cut-out", "background"];
    case "blurSigmaPx":
      return ["cut-out", "original picture"];
    default:
      return ["cut-out"];
  }
}

/** The name of the model an operation runs; empty where it uses none or leaves it to the default. */
export function modelOf(operation: Operation): string {
  return operation.$case === "upscale" || operation.$case === "removeBackground" ? operation.value.model : "";
}
