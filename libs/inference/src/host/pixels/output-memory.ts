import { HostFailure, toText } from "../../protocol/host-failure.ts";
import { createPixelKernels, factsBytes, kernelStep } from "./pixel-kernels.ts";

/** The bytes of a converted output, and facts about its samples. */
export type Converted = {
  /** Lies in the output memory: the next output overwrites it. */
  readonly bytes: Uint8Array;
  /** No NaN and no infinity. */
  readonly finite: boolean;
  /** The smallest and largest sample, in the model's range; at most 0 and at least the end of the range. */
  readonly least: number;
  readonly most: number;
};

/** How the samples of an output become bytes. */
export type Conversion = {
  /** Number of pixels if `isPlanar`, else number of samples. */
  readonly count: number;
  /** Whether three planes become interleaved pixels. Otherwise samples stay in their order. */
  readonly isPlanar: boolean;
  /** Factor of each sample: 255 over the end of its range. */
  readonly scale: number;
};

/**
 * WebAssembly memory for one output at a time and the bytes it is converted to. It is kept between runs and grows to the size
 * of the largest output.
 */
export type OutputMemory = {
  /** Memory for an output of `samples`. Detaches arrays that were returned before. Throws OUT_OF_MEMORY. */
  readonly reserve: (samples: number) => Float32Array<ArrayBuffer>;
  /** Converts the output to bytes, clamped and rounded half up, and inspects it in the same pass. */
  readonly convert: (conversion: Conversion) => Converted;
};

const pageBytes = 65_536;
const floatBytes = 4;
const planes = 3;

const toWholeSteps = (count: number) => Math.ceil(count / kernelStep) * kernelStep;

/** Creates memory of one page. */
export function createOutputMemory(): OutputMemory {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const kernels = createPixelKernels(memory);
  let samples = 0;

  /** Addresses after the samples: their bytes, the facts, and one step of samples and bytes for a remainder. */
  function addresses() {
    const bytes = toWholeSteps(samples) * floatBytes;
    const facts = bytes + toWholeSteps(samples);
    const rest = facts + factsBytes;
    const restBytes = rest + planes * kernelStep * floatBytes;
    return { bytes, facts, rest, restBytes, end: restBytes + planes * kernelStep };
  }

  function convert({ count, isPlanar, scale }: Conversion): Converted {
    const at = addresses();
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
      // The remainder is copied to a whole step that is filled up with zeros.
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
      const missing = addresses().end - memory.buffer.byteLength;
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
