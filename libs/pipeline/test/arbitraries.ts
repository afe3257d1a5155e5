import type { Pipeline } from "@pixelmesh/proto";
import fc from "fast-check";
import { blur, cutOut, effects, fromStep, fromUpload, pipeline, prescale, step, upscale } from "./fixtures.ts";

const kinds = [effects("grey"), effects("dither", "grey"), prescale(512), cutOut(), upscale(2), blur(2)] as const;

/** Acyclic pipelines of up to `max` steps in a shuffled list: steps take from steps with a smaller number, or the upload. */
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
    let upscales = 0;
    const numbered = list.map(({ kind, first, second, isOutput, place }, index) => {
      let operation = kinds[kind % kinds.length] ?? kinds[0];
      if (operation.$case === "upscale" && ++upscales > 3) operation = kinds[0];
      const take = (pick: number) =>
        pick % (index + 1) === index ? fromUpload("source") : fromStep(`s${pick % (index + 1)}`);
      const inputs = operation.$case === "replaceBackground" ? [take(first), take(second)] : [take(first)];
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
