import type { Step } from "@pixelmesh/proto";

type Operation = NonNullable<Step["operation"]>;

/** A step that takes the result of the step before it, or the steps named in `from`. */
export function step(id: string, operation: Operation, ...from: string[]) {
  return { id, operation, inputs: from.map((name) => ({ from: { $case: "step" as const, value: name } })) };
}

/** A step of one effect, with plain numbers, texts and booleans as parameters. */
export function effectStep(
  id: string,
  name: string,
  parameters: Record<string, number | string | boolean> = {},
  ...from: string[]
) {
  const values = Object.fromEntries(
    Object.entries(parameters).map(([key, value]) => {
      if (typeof value === "number") return [key, { kind: { $case: "number" as const, value } }];
      if (typeof value === "boolean") return [key, { kind: { $case: "flag" as const, value } }];
      return [key, { kind: { $case: "text" as const, value } }];
    }),
  );
  return step(id, { $case: "applyEffects", value: { effects: [{ name, parameters: values }] } }, ...from);
}

/** A pipeline of one step that takes seconds for `slowPicture`. Each call returns a different one, so that no stored result matches. */
export function slowPipeline() {
  const contrast = { kind: { $case: "number" as const, value: 1 + Math.random() / 4 } };
  const first = { name: "black_and_white", parameters: { contrast } };
  const effects = [first, ...Array.from({ length: 15 }, () => ({ name: "pop_art", parameters: {} }))];
  return { steps: [step("fx", { $case: "applyEffects", value: { effects } })] };
}
