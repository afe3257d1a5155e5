/** The archive of a package, as its registry describes it. */
export type PackageArchive = {
  readonly url: URL;
  /** Headers with the credentials of the registry; empty without any. */
  readonly headers: Readonly<Record<string, string>>;
};

/** Parses the address of a registry, and gives it an ending slash. Returns undefined for no http(s) address. */
export function parseRegistryUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** Returns the address with the user name and password of its registry, if both have the same origin and it has none itself. */
export function withCredentialsOf(url: URL, registry: URL): URL {
  if (url.origin !== registry.origin || url.username !== "" || url.password !== "") return url;
  const own = new URL(url);
  own.username = registry.username;
  own.password = registry.password;
  return own;
}
