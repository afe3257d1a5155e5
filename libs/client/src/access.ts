import type { TlsOptions } from "./tls.ts";

/** How to call a mesh: TLS files, bearer token, tenant. An HTTP proxy is used only if `httpProxy` is true. */
export type Access = {
  readonly tls?: TlsOptions;
  readonly token?: string;
  readonly tenant?: string;
  readonly httpProxy?: boolean;
};
