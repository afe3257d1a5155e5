import { isInBlock, parseBlock, toIpBytes } from "./ip-address.ts";

/** IPv4 blocks that are not public: the IANA IPv4 Special-Purpose Address Registry (RFC 6890), multicast (RFC 5771) and class E. */
const specialV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  // Azure's metadata and DNS address. It is a public number that only machines within Azure reach.
  "168.63.129.16/32",
].map(parseBlock);

/** IPv6 addresses that the Internet routes (RFC 4291). All forms that embed an IPv4 address in another prefix lie outside it. */
const globalV6 = parseBlock("2000::/3");

/** Blocks within it that are not public: protocol assignments with Teredo, documentation, 6to4 (IANA IPv6 Special-Purpose Registry). */
const specialV6 = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"].map(parseBlock);

/** Blocks that an address of a private host may lie in, besides the public ones. */
const privateBlocks = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "::1/128",
  "fc00::/7",
].map(parseBlock);

/** Metadata services of clouds within those blocks: Alibaba, AWS, Google. */
const metadataBlocks = ["100.100.100.200/32", "fd00:ec2::254/128", "fd20:ce::254/128"].map(parseBlock);

/**
 * Whether an IP address is a public one. Private, loopback, link-local, shared (CGNAT), multicast, reserved, unspecified and metadata
 * addresses are not; nor is any IPv6 form that embeds an IPv4 address (mapped, compatible, 6to4, NAT64, Teredo, ISATAP); nor is other text.
 */
export function isPublicAddress(text: string): boolean {
  const address = toIpBytes(text);
  if (!address) return false;
  if (address.length === 4) return !specialV4.some((block) => isInBlock(address, block));
  if (!isInBlock(address, globalV6) || isIsatap(address)) return false;
  return !specialV6.some((block) => isInBlock(address, block));
}

/** Whether an IP address is one that a host of a private network may have: public, private, shared or loopback, but no metadata service. */
export function isPublicOrPrivateAddress(text: string): boolean {
  if (isPublicAddress(text)) return true;
  const address = toIpBytes(text);
  if (!address || isIsatap(address) || metadataBlocks.some((block) => isInBlock(address, block))) return false;
  return privateBlocks.some((block) => isInBlock(address, block));
}

/** Whether the interface identifier embeds an IPv4 address as ISATAP does: `0:5efe:` with any universal and group bit (RFC 5214). */
function isIsatap(address: Uint8Array): boolean {
  if (address.length !== 16) return false;
  const [first = 0, second, third, fourth] = address.subarray(8, 12);
  return (first & 0xfc) === 0 && second === 0 && third === 0x5e && fourth === 0xfe;
}
