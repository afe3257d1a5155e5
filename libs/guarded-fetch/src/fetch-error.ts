/** A fetch that failed at the other side or on the way. The text is for people and names no IP address. */
export class FetchError extends Error {
  override readonly name = "FetchError";
  /** Whether there was no connection: the other side cannot have received the request. */
  readonly neverSent: boolean;

  constructor(
    message: string,
    { neverSent = false, ...options }: ErrorOptions & { readonly neverSent?: boolean } = {},
  ) {
    super(message, options);
    this.neverSent = neverSent;
  }
}

const texts: Readonly<Record<string, string>> = {
  ECONNREFUSED: "its server refuses connections",
  ECONNRESET: "its server closed the connection",
  UND_ERR_SOCKET: "its server closed the connection",
  UND_ERR_CONNECT_TIMEOUT: "no connection in time",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  UND_ERR_BODY_TIMEOUT: "the answer stopped",
  UND_ERR_HEADERS_OVERFLOW: "the header of the answer is too long",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the answer has another length than announced",
};

/** Converts an error of a connection or request to a FetchError. */
export function toFetchError(error: unknown, neverSent = false): FetchError {
  if (error instanceof FetchError)
    return neverSent ? new FetchError(error.message, { cause: error, neverSent }) : error;
  const code = String((error as { code?: unknown } | undefined)?.code ?? "");
  return new FetchError(texts[code] ?? textOf(code, error), { cause: error, neverSent });
}

function textOf(code: string, error: unknown): string {
  // Codes of X.509 (X509_V_ERR_*), of Node's check of the name, and of OpenSSL.
  if (/CERT|^UNABLE_TO_|^ERR_(TLS|SSL)|^EPROTO$/.test(code)) return `its TLS certificate is not valid (${code})`;
  if ((error as { name?: unknown } | undefined)?.name === "HTTPParserError")
    return "its answer is not HTTP or ends early";
  return `the connection failed${code === "" ? "" : ` (${code})`}`;
}
