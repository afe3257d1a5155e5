import { type JobRecord, type JobSpec, StepState } from "@pixelmesh/proto";

/** Digests of the frames that steps still have to take in. */
function neededFrames(spec: JobSpec, record: JobRecord): Set<string> {
  const byId = new Map(record.steps.map((step) => [step.id, step]));
  const needed = new Set<string>();
  for (const { step } of spec.steps) {
    if (byId.get(step?.id ?? "")?.state === StepState.SUCCEEDED) continue;
    for (const { from } of step?.inputs ?? []) {
      const frame = from?.$case === "step" ? byId.get(from.value)?.result?.frame : undefined;
      if (frame) needed.add(frame.sha256);
    }
  }
  return needed;
}

/** Digests of the frames that a job needed before a change and no longer needs after it. */
export function spentFrames(spec: JobSpec, before: JobRecord, after: JobRecord): string[] {
  const needed = neededFrames(spec, after);
  return [...neededFrames(spec, before)].filter((sha256) => !needed.has(sha256));
}
