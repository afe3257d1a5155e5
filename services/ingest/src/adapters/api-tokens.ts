import { openTokens, type Tokens } from "@pixelmesh/secrets";
import type { ServiceBase } from "@pixelmesh/service";
import type { IngestConfig } from "../config.ts";

/** The tokens that callers of the mesh must carry; undefined where everybody may call. Closed by the lifecycle. */
export function openApiTokens({ life, log, tls }: ServiceBase, { apiTokensFile }: IngestConfig): Tokens | undefined {
  if (apiTokensFile === "") return undefined;
  const tokens = openTokens({ name: "PIXELMESH_API_TOKENS_FILE", path: apiTokensFile }, (failure) => {
    if (failure === undefined) log.info({}, "the file of API tokens was replaced and counts");
    else log.error({ err: failure }, "the replaced file of API tokens is not used; the tokens read before are");
  });
  life.defer("api tokens", tokens.close);
  if (!tls) log.warn({}, "API tokens are asked for, but travel in plaintext: set PIXELMESH_TLS_CERT_FILE");
  return tokens;
}
