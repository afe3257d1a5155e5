import type { OpenCvWork } from "../opencv.ts";
import type { Loop } from "../picture.ts";
import type { VipsWork } from "../vips.ts";

/** An operation of a peer. `differs` says why its result is another one; it is then measured for information only. */
export type PeerWork<W> = { readonly work: W; readonly differs?: string };

/** An effect and what it is compared with, for the same result: at most `share` of the samples differ from ours by more than `levels`. */
export type Comparison = {
  readonly effect: string;
  /** What is not at its default, in words. */
  readonly mode: string;
  readonly settings: Readonly<Record<string, number | string | boolean>>;
  readonly tolerance: { readonly levels: number; readonly share: number };
  readonly loop: Loop;
  readonly openCv?: PeerWork<OpenCvWork>;
  readonly vips?: PeerWork<VipsWork>;
  /** Why a peer is missing. */
  readonly note?: string;
};

/** The tolerance of a result that differs by rounding, and by curves from tables. */
export const rounded = { levels: 1, share: 0.000_1 };
/** The tolerance of a result with steps: where a grey lies within rounding of one, it may take the other. */
export const stepped = { levels: 1, share: 0.002 };

/** An operation of OpenCV with the same result. */
export function openCvOf(run: string, args: Readonly<Record<string, unknown>> = {}): PeerWork<OpenCvWork> {
  return { work: { run, args } };
}

/** Operations of libvips with the same result. */
export function vipsOf(work: VipsWork): PeerWork<VipsWork> {
  return { work };
}

/** The note of effects that no peer has. */
export const noOperation = "No other library has this effect.";

/** The note of effects whose work on a pixel is less than the copies of it. */
export const copiesNote = "An empty chain, which only copies the pixels, takes most of this time.";

/** The note of effects that add integers for each pixel. */
export const sumsNote =
  "Beyond an empty chain, sums in vectors of 128 bits, the widest of WebAssembly; OpenCV has those of the processor.";
