import type { AppError } from "@pixelmesh/errors";
import type { UrlAnswer } from "@pixelmesh/guarded-fetch";
import type { ManifestProvider } from "../domain/manifest.ts";
import { findErrorText, providerFailure, toShownText } from "./provider-failure.ts";
import { findRetryAfterMs } from "./retry-after.ts";

/** An answer that is no success. */
export type RefusedAnswer = {
  readonly status: number;
  readonly header: UrlAnswer["header"];
  /** The beginning of its body. */
  readonly text: string;
  /** The token that was sent, so that it can be masked. */
  readonly token: string | undefined;
};

const busyMs = 10_000;
/** A quota does not come back within seconds. */
const quotaMs = 300_000;
/** Statuses below 500 after which the call may have taken effect, or another try may help. */
const passing: ReadonlySet<number> = new Set([408, 409, 425]);

/**
 * Converts an answer that is no success to an error. 429 and 402: PROVIDER_BUSY with the time that the provider names, else 10 s, or 5 minutes for a spent quota.
 * 401 and 403: PROVIDER_FAILED with the token file. Other statuses from 400 to 499: PROVIDER_REFUSED with the provider's text. 5xx, 408, 409, 425 and redirects:
 * PROVIDER_FAILED.
 */
export function toAnswerFailure(provider: ManifestProvider, answer: RefusedAnswer, nowUnixMs: number): AppError {
  const { status, header, text, token } = answer;
  const { name } = provider;
  const said = toShownText(findErrorText(parseJson(text)) ?? text, token);
  const why = said === "" ? "" : `: ${said}`;
  const isQuota = status === 402 || /insufficient_quota|quota|credit|billing/i.test(text);
  if (status === 429 || status === 402) {
    const retryAfterMs = findRetryAfterMs(header, nowUnixMs) ?? findHintMs(said) ?? (isQuota ? quotaMs : busyMs);
    const meaning = isQuota ? "has no quota or credit left" : "takes no further calls now";
    return providerFailure("PROVIDER_BUSY", name, `${meaning} (status ${status})${why}`, {
      notCreated: true,
      status,
      retryAfterMs,
    });
  }
  if (status === 401 || status === 403)
    return providerFailure(
      "PROVIDER_FAILED",
      name,
      `refused the credentials (status ${status}): ${toAdvice(provider)}`,
      { notCreated: true, status },
    );
  if (status >= 300 && status < 400)
    return providerFailure(
      "PROVIDER_FAILED",
      name,
      `answered with a redirect (status ${status}), which is not followed: the token must reach no other address. Correct \`baseUrl\``,
      { notCreated: true, status },
    );
  if (status >= 400 && status < 500 && !passing.has(status))
    return providerFailure("PROVIDER_REFUSED", name, `refused the call (status ${status})${why}`, {
      notCreated: true,
      status,
    });
  const retryAfterMs = findRetryAfterMs(header, nowUnixMs);
  return providerFailure("PROVIDER_FAILED", name, `failed (status ${status})${why}`, {
    status,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function toAdvice({ tokenFile }: ManifestProvider): string {
  if (tokenFile === undefined) return "name a file with a valid token in `tokenFile` of the manifest of hosted models";
  return `put a valid token with the needed rights into its \`tokenFile\` \`${tokenFile}\``;
}

/** Replicate names the time only in its text: "Your rate limit resets in ~30s." */
function findHintMs(text: string): number | undefined {
  const seconds = /(?:resets|available) in ~?(\d{1,4}) ?s/i.exec(text)?.[1];
  return seconds === undefined ? undefined : Math.max(100, Number(seconds) * 1_000);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
