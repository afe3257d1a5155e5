import type { TokenCheck } from "@pixelmesh/rpc";
import { openTokens, type Tokens } from "@pixelmesh/secrets";
import type { ServiceBase } from "@pixelmesh/service";
import type { IngestConfig } from "../config.ts";

/** Tokens that calls carry. */
export type CallerTokens = {
  /** Whether a call with this token is let in; undefined where every call is. */
  readonly mayCall: TokenCheck | undefined;
  /** Tokens of operators, who see what belongs to any tenant; undefined: there are none. */
  readonly operators: Tokens | undefined;
};

/** Opens the files of tokens; closed by the lifecycle. A token of an operator may call as well. */
export function openCallerTokens(base: ServiceBase, config: IngestConfig): CallerTokens {
  const callers = openFile(base, "PIXELMESH_API_TOKENS_FILE", config.apiTokensFile);
  const operators = openFile(base, "PIXELMESH_OPERATOR_TOKENS_FILE", config.operatorTokensFile);
  const mayCall = callers && ((token: string) => callers.has(token) || operators?.has(token) === true);
  return { mayCall, operators };
}

function openFile({ life, log, tls }: ServiceBase, name: string, path: string): Tokens | undefined {
  if (path === "") return undefined;
  const tokens = openTokens({ name, path }, (failure) => {
    if (failure === undefined) log.info({ name }, "the file of tokens was replaced and counts");
    else log.error({ err: failure, name }, "the replaced file of tokens is not used; the tokens read before are");
  });
  life.defer(name, tokens.close);
  if (!tls) log.warn({ name }, "tokens are asked for, but travel in plaintext: set PIXELMESH_TLS_CERT_FILE");
  return tokens;
}
