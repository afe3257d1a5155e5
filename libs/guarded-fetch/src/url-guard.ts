import { AppError, expected } from "@pixelmesh/errors";
import { isPublicAddress, isPublicOrPrivateAddress } from "./address-classes.ts";
import type { HostRules } from "./host-rules.ts";

/** Which addresses a mesh may read or call on behalf of others. */
export type UrlGuard = {
  /** The name of the field that holds such an address, for error texts. */
  readonly field: string;
  /**
   * Returns the parsed address. Throws INVALID_ARGUMENT for text that is no address or is longer than 2,048 characters, and URL_NOT_ALLOWED for
   * a scheme, host or port that no rule allows, and for a user or password. Looks up no name.
   */
  check(url: string): URL;
  /** Throws URL_NOT_ALLOWED unless a checked address may be read from this IP address. */
  assertAddress(url: URL, ipAddress: string): void;
  /** Whether the host of a checked address belongs to a private network, by the rules. */
  isPrivate(url: URL): boolean;
};

/** Options of `createUrlGuard`. */
export type UrlGuardOptions = {
  readonly field: string;
  /** Hosts on the public Internet. Without a rule in both lists every address is refused. */
  readonly hosts: HostRules;
  /** Hosts that may have private and loopback addresses. */
  readonly privateHosts: HostRules;
  /** Whether plain http is allowed; `private`: only for private hosts. */
  readonly allowHttp: boolean | "private";
};

/** The longest accepted address, in characters. */
export const maxUrlLength = 2_048;

/** Creates a guard. */
export function createUrlGuard({ field, hosts, privateHosts, allowHttp }: UrlGuardOptions): UrlGuard {
  const schemes = allowHttp === false ? "an https address" : "an https or http address";

  function parse(text: string): URL {
    if (text.length > maxUrlLength) throw expected(field, `at most ${maxUrlLength} characters`, `${text.length}`);
    // The parser drops tabs and line breaks and reads a backslash as a slash; other programs read such text otherwise.
    const url = /[\s\\\p{Cc}]/u.test(text) ? null : URL.parse(text);
    if (url === null) throw expected(field, schemes, text.slice(0, 100));
    return url;
  }

  return {
    field,
    check(text) {
      const url = parse(text);
      if (hosts.isEmpty && privateHosts.isEmpty)
        throw notAllowed(`Expected no \`${field}\`, because this mesh allows no addresses in it`);
      if (url.protocol !== "https:" && !(allowHttp !== false && url.protocol === "http:"))
        throw notAllowed(`Expected \`${field}\` to be ${schemes}, got scheme \`${url.protocol.slice(0, 32)}\``);
      if (url.username !== "" || url.password !== "" || /^[a-z]+:\/*[^/?#]*@/i.test(text))
        throw notAllowed(`Expected \`${field}\` without a user or password`);
      if (url.hostname.endsWith(".")) throw notAllowed(`Expected the host of \`${field}\` without a dot at its end`);
      if (!hosts.match(url) && !privateHosts.match(url))
        throw notAllowed(`Expected \`${field}\` to name an allowed host, got \`${url.host.slice(0, 100)}\``);
      if (url.protocol === "http:" && allowHttp === "private" && !privateHosts.match(url))
        throw notAllowed(`Expected \`${field}\` to be an https address, because its host is not a private one`);
      url.hash = "";
      return url;
    },
    assertAddress(url, ipAddress) {
      const isAllowed = privateHosts.match(url) ? isPublicOrPrivateAddress : isPublicAddress;
      if (!isAllowed(ipAddress))
        throw notAllowed(`Expected the host of \`${field}\` to have public IP addresses only, got another one`);
    },
    isPrivate: (url) => privateHosts.match(url),
  };
}

function notAllowed(message: string): AppError {
  return new AppError("URL_NOT_ALLOWED", message);
}
