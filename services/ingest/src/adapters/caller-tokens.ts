import type { TokenCheck } from "@pixelmesh/rpc";
import { openTokens, type Tokens } from "@pixelmesh/secrets";
import type { ServiceBase } from "@pixelmesh/service";
import type { IngestConfig } from "../config.ts";

/** Checks of the tokens that calls carry. */
export type CallerTokens = {
  /** Whether a call with this token is allowed; undefined if every call is allowed. */
  readonly mayCall: TokenCheck | undefined;
  /** Tokens of operators, who may see the dead letters of all tenants; undefined if there are none. */
  readonly operators: Tokens | undefined;
};

/** Opens the token files; the lifecycle closes them. An operator's token also allows calls. */
export function openCallerTokens(base: ServiceBase, config: IngestConfig): CallerTokens {
  const callers = openFile(base, "PIXELMESH_API_TOKENS_FILE", config.apiTokensFile);
  const operators = openFile(base, "PIXELMESH_OPERATOR_TOKENS_FILE", config.operatorTokensFile);
  const mayCall = callers && ((token: string) => callers.has(token) || operators?.has(token) === true);
  return { mayCall, operators };
}

function openFile({ life, log, tls }: ServiceBase, name: string, path: string): Tokens | undefined {
  if (path === "") return undefined;
  const tokens = openTokens({ name, path }, (failure) => {
    if (failure === undefined) log.info({ name }, "the replaced token file is in use");
    else log.error({ err: failure, name }, "the replaced token file is invalid; the previous tokens stay in use");
  });
  life.defer(name, tokens.close);
  if (!tls) log.warn({ name }, "tokens are required, but travel in plaintext; set PIXELMESH_TLS_CERT_FILE");
  return tokens;
}
