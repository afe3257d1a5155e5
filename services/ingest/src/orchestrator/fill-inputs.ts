import type { JobSpec, StepInput } from "@pixelmesh/proto";
import { maxJobContentBytes, type SmallPictures } from "../stores/small-pictures.ts";

/**
 * Adds the bytes of small pictures to the inputs of a work item, so that its worker need not read them from storage. All work items of a job
 * may wait in one queue, so they carry 32 KiB together.
 */
export function fillInputs(
  pictures: Pick<SmallPictures, "find">,
  { jobId, steps }: Pick<JobSpec, "jobId" | "steps">,
  inputs: readonly StepInput[],
): StepInput[] {
  const readers = steps.filter(({ step }) => step?.inputs.some(({ from }) => from?.$case === "upload")).length;
  let leftBytes = maxJobContentBytes / Math.max(1, readers);
  return inputs.map((input) => {
    const content = input.blob && pictures.find(jobId, input.blob.sha256);
    if (content === undefined || content.length > leftBytes) return input;
    leftBytes -= content.length;
    return { ...input, content };
  });
}
