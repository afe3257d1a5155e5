import { AppError, expected } from "@pixelmesh/errors";

/** A job or batch has at most so many labels of its caller. */
export const maxLabels = 8;
/** The labels of jobs of a batch begin so. Callers cannot give them. */
export const batchPrefix = "batch:";

const form = /^[A-Za-z0-9._/:-]{1,63}$/;
const formText = "1 to 63 letters, digits or . _ - / :";

/**
 * Checks the labels that a caller gives a job or a batch. Throws INVALID_ARGUMENT for more than 8, a bad form, and labels that begin
 * with `batch:`.
 */
export function assertCallerLabels(labels: readonly string[], field = "labels"): void {
  if (labels.length > maxLabels) throw expected(field, `at most ${maxLabels} labels`, `${labels.length} labels`);
  assertLabelForms(labels, field);
  const own = labels.find((label) => label.startsWith(batchPrefix));
  if (own === undefined) return;
  const description = `Expected \`${field}\` without labels that begin with \`${batchPrefix}\`, which the mesh gives to jobs of a batch, got \`${own}\``;
  throw new AppError("INVALID_ARGUMENT", description, { fields: [{ field, description }] });
}

/** Throws INVALID_ARGUMENT for a label of a bad form. */
export function assertLabelForms(labels: readonly string[], field: string): void {
  for (const label of labels) if (!form.test(label)) throw expected(field, `labels of ${formText}`, label);
}

/** Returns the label of the jobs of a batch. */
export function batchLabel(batchId: string): string {
  return `${batchPrefix}${batchId}`;
}

/** Whether a job belongs to a batch. */
export function isOfBatch(labels: readonly string[]): boolean {
  return labels.some((label) => label.startsWith(batchPrefix));
}

/** Returns the labels of a caller, without those that the mesh gave. */
export function callerLabels(labels: readonly string[]): string[] {
  return labels.filter((label) => !label.startsWith(batchPrefix));
}
