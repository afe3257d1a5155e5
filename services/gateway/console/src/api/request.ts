import { accessHeaders } from "./access.ts";
import { ApiError, isAbortError, readProblem } from "./api-error.ts";

/** A request to the gateway that serves this page. */
export type RequestOptions = {
  readonly method?: "GET" | "POST" | "DELETE";
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. */
  readonly body?: Blob;
  readonly signal?: AbortSignal;
  /** Time until the headers of the answer and its body are here; default 30 s. */
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
};

const defaultTimeoutMs = 30_000;

/** Sends a request. Throws ApiError for a refusal, a timeout or a gateway that does not answer, and an AbortError if `signal` aborts. */
export async function request(path: string, options: RequestOptions = {}): Promise<Response> {
  const { method = "GET", json, body, signal, timeoutMs = defaultTimeoutMs, headers = {} } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  const content = json === undefined ? body : JSON.stringify(json);
  const type = json === undefined ? body && (body.type || "application/octet-stream") : "application/json";
  try {
    const response = await fetch(path, {
      method,
      headers: { ...accessHeaders(), ...(type === undefined ? {} : { "content-type": type }), ...headers },
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      ...(content === undefined ? {} : { body: content }),
    });
    if (!response.ok) throw await readProblem(response);
    return response;
  } catch (error) {
    if (error instanceof ApiError || isAbortError(error)) throw error;
    const why = timeout.aborted ? `no answer within ${timeoutMs / 1_000} s` : "no connection";
    throw new ApiError("SERVICE_UNAVAILABLE", `The gateway does not answer (${why}). Is the mesh up?`, 0);
  }
}

/** Sends a request and reads the JSON of the answer. Throws as request does. */
export async function requestJson<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await request(path, options);
  return (await response.json()) as T;
}

/** Returns a path with a query of the given names; empty values and lists are left out. */
export function withQuery(
  path: string,
  values: Readonly<Record<string, string | number | readonly string[] | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined && one !== "") query.append(name, `${one}`);
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}
