/** A refused or failed request, as the gateway describes it (RFC 9457). */
export class ApiError extends Error {
  /** From the closed list of reasons; SERVICE_UNAVAILABLE if the gateway did not answer. */
  readonly reason: string;
  /** HTTP status; 0 without an answer. */
  readonly status: number;

  constructor(reason: string, message: string, status: number) {
    super(message);
    this.name = "ApiError";
    this.reason = reason;
    this.status = status;
  }
}

/** A problem document, as far as the console reads it. */
export type Problem = {
  readonly status?: unknown;
  readonly reason?: unknown;
  readonly detail?: unknown;
  readonly title?: unknown;
  readonly fields?: readonly { readonly name: string; readonly description: string }[];
};

/** Reads the problem document of a refused request. Never throws for another body. */
export async function readProblem(response: Response): Promise<ApiError> {
  const problem: Problem = await response.json().catch(() => ({}));
  return toApiError({ ...problem, status: response.status });
}

/** Converts a problem document to an error. What is missing is INTERNAL, without an answer. */
export function toApiError(problem: Problem): ApiError {
  const status = typeof problem.status === "number" ? problem.status : 0;
  const reason = typeof problem.reason === "string" ? problem.reason : "INTERNAL";
  const told = [problem.detail, problem.title].find((text) => typeof text === "string" && text !== "");
  const text = typeof told === "string" ? told : `The gateway answered with status ${status}`;
  const fields = (problem.fields ?? []).map(({ name, description }) => `${name}: ${description}`);
  const more = fields.filter((field) => !text.includes(field));
  return new ApiError(reason, [text, ...more].join("; "), status);
}

/** Returns the text that people read for an error of any kind. */
export function toErrorText(error: unknown): string {
  if (error instanceof ApiError) return `${error.reason}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

/** Whether an error says that the request was aborted by this page. */
export function isAbortError(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
