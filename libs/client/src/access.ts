import type { TlsOptions } from "./tls.ts";

/** How a mesh is called: TLS files, a bearer token, a tenant. An HTTP proxy is used only where `httpProxy` is true. */
export type Access = {
  readonly tls?: TlsOptions;
  readonly token?: string;
  readonly tenant?: string;
  readonly httpProxy?: boolean;
};
