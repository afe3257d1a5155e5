import { AppError } from "@pixelmesh/errors";
import { type CallRequest, callUrl, FetchError, type FetchSettings, type UrlAnswer } from "@pixelmesh/guarded-fetch";
import { type ByteBudget, collectBytes } from "@pixelmesh/rpc";
import type { ManifestProvider } from "../domain/manifest.ts";
import { toAnswerFailure } from "./api-failures.ts";
import { parseAnswer } from "./parse-answer.ts";
import { providerFailure, toProviderFailure } from "./provider-failure.ts";
import type { TokenFile } from "./token-file.ts";

/** A call of a provider's API. */
export type ApiCall = {
  readonly method: CallRequest["method"];
  /** Path below the provider's address, with its query. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly bytes: Uint8Array; readonly mediaType: string };
  /** Longest time until the answer has arrived whole, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
};

/** The answer of a call that succeeded. */
export type ApiAnswer = {
  /** The parsed body of an answer in JSON, else undefined. */
  readonly json: unknown;
  /** The body of any other answer, else undefined. */
  readonly bytes: Uint8Array | undefined;
  readonly mediaType: string;
};

/** The API of a provider. */
export type ProviderApi = {
  readonly provider: ManifestProvider;
  /**
   * Sends one call, never twice. Throws PROVIDER_BUSY, PROVIDER_FAILED, PROVIDER_REFUSED, PROVIDER_NOT_CONFIGURED without its credentials, URL_NOT_ALLOWED, and the
   * signal's reason.
   */
  call(call: ApiCall): Promise<ApiAnswer>;
};

/** Dependencies of `createProviderApi`. */
export type ProviderApiParts = {
  readonly settings: FetchSettings;
  readonly token: TokenFile;
  readonly userAgent: string;
  /** Memory for answers while they are read. */
  readonly answers: ByteBudget;
  readonly now: () => number;
};

/** Pictures of an answer in base64 are part of it. */
const maxAnswerBytes = 64 * 1024 * 1024;
const maxErrorBytes = 16 * 1024;

/** Creates the API of a provider. */
export function createProviderApi(provider: ManifestProvider, parts: ProviderApiParts): ProviderApi {
  const { settings, token, userAgent, answers, now } = parts;
  const { name, baseUrl, tokenHeader, tokenScheme } = provider;

  async function send(call: ApiCall, secret: string | undefined, signal: AbortSignal): Promise<ApiAnswer> {
    const { method, target, body, timeoutMs } = call;
    const answer = await callUrl(
      { ...settings, timeouts: { ...settings.timeouts, firstByteMs: timeoutMs } },
      `${baseUrl}${target}`,
      {
        method,
        signal,
        headers: {
          "user-agent": userAgent,
          accept: "application/json",
          ...call.headers,
          ...(body ? { "content-type": body.mediaType } : {}),
          ...(secret === undefined ? {} : { [tokenHeader]: `${tokenScheme}${tokenScheme === "" ? "" : " "}${secret}` }),
        },
        ...(body ? { body: body.bytes } : {}),
      },
    );
    try {
      if (answer.status >= 200 && answer.status < 300) return await readAnswer(answer);
      const text = await readBeginning(answer);
      throw toAnswerFailure(provider, { status: answer.status, header: answer.header, text, token: secret }, now());
    } finally {
      await answer.close();
    }
  }

  async function readAnswer({ body, sizeBytes, mediaType }: UrlAnswer): Promise<ApiAnswer> {
    const share = answers.open();
    try {
      const bytes = await collectBytes(body, {
        maxBytes: maxAnswerBytes,
        share,
        sizeBytes,
        reason: "OUTPUT_TOO_LARGE",
      });
      return { ...parseAnswer(name, bytes, mediaType), mediaType };
    } catch (error) {
      if (error instanceof AppError && error.reason === "OUTPUT_TOO_LARGE")
        throw new AppError(
          "OUTPUT_TOO_LARGE",
          `The provider \`${name}\` answered with more than ${maxAnswerBytes} bytes`,
        );
      throw error;
    } finally {
      share.release();
    }
  }

  return {
    provider,
    async call(call) {
      call.signal.throwIfAborted();
      const secret = await token.read();
      const limit = AbortSignal.timeout(call.timeoutMs);
      try {
        return await send(call, secret, AbortSignal.any([call.signal, limit]));
      } catch (error) {
        call.signal.throwIfAborted();
        if (!limit.aborted || error !== limit.reason) throw toProviderFailure(name, error);
        throw providerFailure("PROVIDER_FAILED", name, `did not answer within ${call.timeoutMs / 1_000} s`, {
          cause: error,
        });
      }
    },
  };
}

/** The beginning of a body as text; empty where it cannot be read. */
async function readBeginning({ body }: UrlAnswer): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= maxErrorBytes) break;
    }
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
  }
  return Buffer.concat(chunks).subarray(0, maxErrorBytes).toString("utf8");
}
