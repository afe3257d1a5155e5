import { createUrlGuard, parseHostRules, parsePrivateHostRules, type UrlGuard } from "@pixelmesh/guarded-fetch";
import type { ManifestProvider } from "../domain/manifest.ts";

type Hosts = Pick<ManifestProvider, "baseUrl" | "resultHosts" | "privateHosts">;

/** Guards the calls of a provider's API: they go to the host of its address only. http is allowed for private hosts. Throws ConfigError. */
export function createApiGuard(provider: Hosts): UrlGuard {
  return createGuard("baseUrl", ownHost(provider), provider);
}

/** Guards the addresses of results: the provider's `resultHosts`, else the host of its address. Throws ConfigError. */
export function createResultGuard(provider: Hosts): UrlGuard {
  return createGuard(
    "resultHosts",
    provider.resultHosts.length > 0 ? provider.resultHosts : ownHost(provider),
    provider,
  );
}

function createGuard(field: string, hosts: readonly string[], { privateHosts }: Hosts): UrlGuard {
  const isWanted = parseHostRules(field, hosts);
  const isPrivate = parsePrivateHostRules("privateHosts", privateHosts);
  // A private host is reached only where it is also one of the hosts of this kind of call.
  const both = { isEmpty: isPrivate.isEmpty, match: (url: URL) => isWanted.match(url) && isPrivate.match(url) };
  return createUrlGuard({ field, hosts: isWanted, privateHosts: both, allowHttp: "private" });
}

function ownHost({ baseUrl }: Hosts): readonly string[] {
  return [URL.parse(baseUrl)?.host ?? ""];
}
