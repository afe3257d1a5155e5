import { isIP } from "node:net";

/**
 * Returns the bytes of an IP address in network order: 4 for IPv4, 16 for IPv6. Returns undefined for any other text, also for an IPv6
 * address with a zone.
 */
export function toIpBytes(text: string): Uint8Array | undefined {
  if (isIP(text) === 4) return Uint8Array.from(text.split("."), Number);
  if (isIP(text) !== 6) return undefined;
  // WHATWG URL writes an IPv6 address in groups of hexadecimal digits (RFC 5952), also one that ends like an IPv4 address.
  const canonical = URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1);
  if (canonical === undefined) return undefined;
  const [head = "", tail] = canonical.split("::");
  const left = toGroups(head);
  const right = tail === undefined ? [] : toGroups(tail);
  const groups = [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

function toGroups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

/** An address block: its first bytes, and how many bits of them count. */
export type AddressBlock = { readonly bytes: Uint8Array; readonly bits: number };

/** Returns the block of a text such as `10.0.0.0/8`. Throws for another form; for constants only. */
export function parseBlock(text: string): AddressBlock {
  const [address = "", bits = ""] = text.split("/");
  const bytes = toIpBytes(address);
  if (!bytes || !/^\d+$/.test(bits)) throw new Error(`Expected an address block, got \`${text}\``);
  return { bytes, bits: Number(bits) };
}

/** Whether an address lies in a block of its own family. */
export function isInBlock(address: Uint8Array, { bytes, bits }: AddressBlock): boolean {
  if (address.length !== bytes.length) return false;
  for (let at = 0; at * 8 < bits; at++) {
    const mask = (0xff00 >> Math.min(8, bits - at * 8)) & 0xff;
    if ((((address[at] ?? 0) ^ (bytes[at] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}
