/** The server of a client span, as OpenTelemetry's semantic conventions name it. */
export type ServerAttributes = { readonly "server.address": string; readonly "server.port"?: number };

/**
 * Converts the address of a connection (`host:port`, `[::1]:port`, `dns:///host:port`, `unix:/path`) to attributes of its calls: the host or
 * path as it is written, and the port if it names one. The address of the replica that answers is not known before a call.
 */
export function toServerAttributes(address: string): ServerAttributes {
  if (address.startsWith("unix:")) return { "server.address": address.slice("unix:".length) };
  // gRPC's name syntax: scheme://authority/endpoint.
  const endpoint = address.replace(/^[a-z0-9]+:\/\/[^/]*\//, "").replace(/^(dns|ipv4|ipv6):(?!\d+$)/, "");
  const [, host = endpoint, port] = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(endpoint) ?? [];
  return {
    "server.address": host.replace(/^\[|\]$/g, ""),
    ...(port === undefined ? {} : { "server.port": Number(port) }),
  };
}
