import type { StepInput } from "@pixelmesh/proto";
import { maxItemContentBytes, type SmallPictures } from "../stores/small-pictures.ts";

/** Adds the bytes of small pictures to the inputs of a work item of a job, 32 KiB in all, so that its worker need not read them from storage. */
export function fillInputs(
  pictures: Pick<SmallPictures, "find">,
  jobId: string,
  inputs: readonly StepInput[],
): StepInput[] {
  let leftBytes = maxItemContentBytes;
  return inputs.map((input) => {
    const content = input.blob && pictures.find(jobId, input.blob.sha256);
    if (content === undefined || content.length > leftBytes) return input;
    leftBytes -= content.length;
    return { ...input, content };
  });
}
