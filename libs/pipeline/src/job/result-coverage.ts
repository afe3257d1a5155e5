import type { EncodedOutput, JobSpec, StepResult, WantedOutput } from "@pixelmesh/proto";
import { encodingKey } from "../values/encoding.ts";
import { MAX_REMARKS } from "../values/limits.ts";

/** The parts of a step's result that a job needs. Every WorkItem has them. */
export type Wanted = { readonly outputs: readonly WantedOutput[]; readonly storeFrame: boolean };

/** The parts of a step's result that a job needs: each different encoding once, and the frame if another step takes it in. */
export function wantedOf(spec: JobSpec, stepId: string): { outputs: WantedOutput[]; storeFrame: boolean } {
  const byEncoding = new Map<string, WantedOutput>();
  for (const { name, step, encoding } of spec.outputs) {
    const key = encodingKey(encoding);
    if (step === stepId && !byEncoding.has(key)) byEncoding.set(key, { name, encoding });
  }
  const storeFrame = spec.steps.some(({ step }) =>
    step?.inputs.some(({ from }) => from?.$case === "step" && from.value === stepId),
  );
  return { outputs: [...byEncoding.values()], storeFrame };
}

/** Whether a result has every needed encoding, and the frame if that is needed. */
export function resultCovers(result: StepResult, wanted: Wanted): boolean {
  if (wanted.storeFrame && !result.frame?.sha256) return false;
  const there = new Set(result.outputs.filter(({ blob }) => blob?.sha256).map(({ encoding }) => encodingKey(encoding)));
  return wanted.outputs.every(({ encoding }) => there.has(encodingKey(encoding)));
}

/** The part of a result that a job record keeps: what the job needs, and a bounded number of notices and adaptations. */
export function trimResult(result: StepResult, wanted: Wanted): StepResult {
  const keys = new Set(wanted.outputs.map(({ encoding }) => encodingKey(encoding)));
  return {
    ...result,
    frame: wanted.storeFrame ? result.frame : undefined,
    outputs: byEncoding(result.outputs).filter(({ encoding }) => keys.has(encodingKey(encoding))),
    adaptations: result.adaptations.slice(0, MAX_REMARKS),
    notices: result.notices.slice(0, MAX_REMARKS),
  };
}

/**
 * The stored result after a newer run: the encodings and the frame of both. The older run's provenance stays, because that run made
 * the pixels. If the frames differ, the newer result replaces the older one.
 */
export function mergeResults(older: StepResult | undefined, newer: StepResult): StepResult {
  if (older === undefined) return newer;
  const isSamePicture =
    older.widthPx === newer.widthPx &&
    older.heightPx === newer.heightPx &&
    older.channels === newer.channels &&
    (!older.frame || !newer.frame || older.frame.sha256 === newer.frame.sha256);
  if (!isSamePicture) return newer;
  return {
    ...newer,
    frame: newer.frame ?? older.frame,
    outputs: byEncoding([...newer.outputs, ...older.outputs]),
    provenance: older.provenance ?? newer.provenance,
  };
}

// Sorted and without repetitions (the first of equal ones stays), so that equal results have equal bytes.
function byEncoding(outputs: readonly EncodedOutput[]): EncodedOutput[] {
  const found = new Map<string, EncodedOutput>();
  for (const output of outputs) {
    const key = encodingKey(output.encoding);
    if (!found.has(key)) found.set(key, output);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, output]) => output);
}
