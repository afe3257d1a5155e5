import { HostFailure, toText } from "../../protocol/host-failure.ts";
import { createPixelKernels, factsBytes, kernelStep } from "./pixel-kernels.ts";

/** Bytes made of an answer, and what was seen of its samples. */
export type Converted = {
  /** In the answer's own memory: gone with the next answer. */
  readonly bytes: Uint8Array;
  /** No NaN and no infinity. */
  readonly finite: boolean;
  /** How far samples go, in the model's range; at least from 0 to its end. */
  readonly least: number;
  readonly most: number;
};

/** How the samples of an answer are made into bytes. */
export type Conversion = {
  /** Pixels of three planes that become interleaved, or else samples that stay in their order. */
  readonly count: number;
  readonly isPlanar: boolean;
  /** What a sample is multiplied by: 255 over the end of its range. */
  readonly scale: number;
};

/**
 * Memory for answers, one after another, and for the bytes that are made of each: where the kernels reach both, and kept from
 * run to run. It grows to what the largest has taken.
 */
export type AnswerMemory = {
  /** Room for an answer of so many samples; arrays given before may be dead afterwards. OUT_OF_MEMORY where there is none. */
  readonly reserve: (samples: number) => Float32Array<ArrayBuffer>;
  /** The answer as bytes, clamped and rounded half up, and what it was like: in one pass, since answers are large. */
  readonly convert: (conversion: Conversion) => Converted;
};

const pageBytes = 65_536;
const floatBytes = 4;
const planes = 3;

const toWholeSteps = (count: number) => Math.ceil(count / kernelStep) * kernelStep;

/** An empty memory. */
export function createAnswerMemory(): AnswerMemory {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const kernels = createPixelKernels(memory);
  let samples = 0;

  /** Where things are: the samples, their bytes, what was seen, and one step's room for what is left over at the end. */
  function places() {
    const bytes = toWholeSteps(samples) * floatBytes;
    const facts = bytes + toWholeSteps(samples);
    const rest = facts + factsBytes;
    const restBytes = rest + planes * kernelStep * floatBytes;
    return { bytes, facts, rest, restBytes, end: restBytes + planes * kernelStep };
  }

  function convert({ count, isPlanar, scale }: Conversion): Converted {
    const at = places();
    const bounds = new Float32Array(memory.buffer, at.facts, 8);
    const sound = new Uint32Array(memory.buffer, at.facts + bounds.byteLength, 4).fill(0xffffffff);
    bounds.fill(0, 0, 4).fill(255 / scale, 4);
    const bytes = new Uint8Array(memory.buffer, at.bytes, isPlanar ? planes * count : count);
    const run = (from: number, stride: number, steps: number, to: number) => {
      if (steps === 0) return;
      if (isPlanar) kernels.toRgb(from, stride, steps, to, scale, at.facts);
      else kernels.toBytes(from, steps, to, scale, at.facts);
    };
    const whole = count - (count % kernelStep);
    run(0, count * floatBytes, whole, at.bytes);
    if (whole < count) {
      // What is left over is put where a whole step finds zeros behind it.
      const data = new Float32Array(memory.buffer, 0, samples);
      const rest = new Float32Array(memory.buffer, at.rest, planes * kernelStep).fill(0);
      const perPlane = isPlanar ? planes : 1;
      for (let plane = 0; plane < perPlane; plane++)
        rest.set(data.subarray(plane * count + whole, (plane + 1) * count), plane * kernelStep);
      run(at.rest, kernelStep * floatBytes, kernelStep, at.restBytes);
      bytes.set(new Uint8Array(memory.buffer, at.restBytes, perPlane * (count - whole)), perPlane * whole);
    }
    const least = Math.min(...bounds.subarray(0, 4));
    const most = Math.max(...bounds.subarray(4));
    const finite = sound.every((lane) => lane === 0xffffffff) && Number.isFinite(least) && Number.isFinite(most);
    return { bytes, finite, least, most };
  }

  return {
    reserve(wanted) {
      samples = wanted;
      const missing = places().end - memory.buffer.byteLength;
      try {
        if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
      } catch (error) {
        const detail = toText(error);
        throw new HostFailure("OUT_OF_MEMORY", "No memory to run the model", { detail, poisoned: true });
      }
      return new Float32Array(memory.buffer, 0, samples);
    },
    convert,
  };
}
