import type { Pipeline } from "@pixelmesh/proto";
import fc from "fast-check";
import type { Operation, OperationCase } from "../src/operations/operation.ts";
import { inputsOf, operations } from "../src/operations/operations.ts";
import { blur, cutOut, effects, fromStep, fromUpload, pipeline, prescale, remote, step, upscale } from "./fixtures.ts";

const examples: { readonly [C in OperationCase]: readonly Operation[] } = {
  applyEffects: [effects("grey"), effects("dither", "grey")],
  prescale: [prescale(512)],
  removeBackground: [cutOut()],
  upscale: [upscale(2)],
  replaceBackground: [blur(2)],
  remoteModel: [remote("face-restorer")],
};
const kinds = Object.values(examples).flat();

/** Acyclic pipelines of up to `max` steps, in a shuffled list. A step takes pictures from steps with a smaller number, or the upload. */
export function acyclicPipelines(max: number): fc.Arbitrary<Pipeline> {
  const rough = fc.record({
    kind: fc.nat(),
    first: fc.nat(),
    second: fc.nat(),
    isOutput: fc.boolean(),
    place: fc.nat(),
  });
  return fc.array(rough, { minLength: 1, maxLength: max }).map((list) => {
    // At most three doublings, so that no picture grows past the limit.
    let enlarged = 0;
    const numbered = list.map(({ kind, first, second, isOutput, place }, index) => {
      let operation = kinds[kind % kinds.length] ?? effects("grey");
      if (operations[operation.$case].enlarges && ++enlarged > 3) operation = effects("grey");
      const take = (pick: number) =>
        pick % (index + 1) === index ? fromUpload("source") : fromStep(`s${pick % (index + 1)}`);
      const inputs = inputsOf(operation).map((_, at) => take(at === 0 ? first : second));
      return { step: step(`s${index}`, operation, ...inputs), isOutput, place };
    });
    const last = `s${list.length - 1}`;
    const wanted = numbered.filter(({ isOutput, step: { id } }) => isOutput || id === last);
    return pipeline(
      numbered.toSorted((a, b) => a.place - b.place).map((item) => item.step),
      wanted.map((item) => ({ name: `o-${item.step.id}`, step: item.step.id })),
    );
  });
}
