import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { expect, test } from "vitest";
import { isPublicAddress, isPublicOrPrivateAddress } from "./address-classes.ts";

const inner = [
  "0.0.0.0",
  "10.1.2.3",
  "100.64.0.1",
  "100.127.255.255",
  "127.0.0.1",
  "127.255.255.254",
  "169.254.169.254",
  "172.16.0.1",
  "172.31.255.255",
  "192.0.0.192",
  "192.168.1.1",
  "198.18.0.1",
  "224.0.0.1",
  "240.0.0.1",
  "255.255.255.255",
  "168.63.129.16",
  "100.100.100.200",
];

/** Every IPv6 form that embeds an IPv4 address, by its RFC. */
function embeddings(v4: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = v4.split(".").map(Number);
  const hex = (high: number, low: number) => ((high << 8) | low).toString(16);
  const [high, low] = [hex(a, b), hex(c, d)];
  const flipped = `${hex(a ^ 255, b ^ 255)}:${hex(c ^ 255, d ^ 255)}`;
  return [
    `::ffff:${v4}`, // mapped, RFC 4291
    `::ffff:${high}:${low}`,
    `::${v4}`, // compatible, RFC 4291
    `::ffff:0:${high}:${low}`, // translated, RFC 2765
    `64:ff9b::${high}:${low}`, // NAT64, RFC 6052
    `64:ff9b:1::${high}:${low}`, // NAT64, RFC 8215
    `2002:${high}:${low}::1`, // 6to4, RFC 3056
    `2001:0:4136:e378:8000:63bf:${flipped}`, // Teredo client, RFC 4380
    `2001:0:${high}:${low}:0:0:0:1`, // Teredo server
    `2a00:1450:4001:81b:0:5efe:${high}:${low}`, // ISATAP, RFC 5214
    `2a00:1450:4001:81b:200:5efe:${high}:${low}`,
    `fe80::5efe:${high}:${low}`,
  ];
}

test("special addresses are not public, nor is any IPv6 form that embeds an IPv4 address", () => {
  for (const address of inner) expect(isPublicAddress(address), address).toBe(false);
  for (const address of [...inner, "8.8.8.8"])
    for (const form of embeddings(address)) expect([form, isPublicAddress(form)]).toEqual([form, false]);
  for (const address of ["::", "::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "100::1", "5f00::1"])
    expect(isPublicAddress(address), address).toBe(false);
  for (const address of ["2001:db8::1", "3fff::1", "fe80::1%eth0", "", "localhost", "1.2.3", "0x7f.0.0.1"])
    expect(isPublicAddress(address), address).toBe(false);
  for (const address of [
    "8.8.8.8",
    "1.1.1.1",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
  ])
    expect(isPublicAddress(address), address).toBe(true);
});

test("private hosts may have private and loopback addresses, but no link-local, metadata or multicast ones", () => {
  for (const address of ["10.1.2.3", "127.0.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd12:3456::1", "8.8.8.8"])
    expect(isPublicOrPrivateAddress(address), address).toBe(true);
  const never = ["0.0.0.0", "169.254.169.254", "100.100.100.200", "168.63.129.16", "224.0.0.1", "255.255.255.255"];
  for (const address of [...never, "::", "fe80::1", "fd00:ec2::254", "fd20:ce::254", "ff02::1", "::ffff:10.0.0.1", "x"])
    expect(isPublicOrPrivateAddress(address), address).toBe(false);
});

// ipaddr.js has its own table of the registries. These blocks are public there: AMT, AS112 and Azure's address.
const notInTheReference = (text: string) => /^(192\.52\.193|192\.31\.196|192\.175\.48)\.|^168\.63\.129\.16$/.test(text);

test("IPv4 addresses are public exactly where ipaddr.js calls them unicast", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.ipV4(),
        fc.tuple(fc.constantFrom(...inner), fc.nat(255)).map(([base, last]) => base.replace(/\d+$/, String(last))),
      ),
      (text) => {
        fc.pre(!notInTheReference(text));
        expect(isPublicAddress(text)).toBe(ipaddr.parse(text).range() === "unicast");
      },
    ),
    { numRuns: 5_000 },
  );
});

test("an IPv6 address that is public is unicast for ipaddr.js, however it is written", () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const address = ipaddr.parse(text);
      if (isPublicAddress(text)) expect(address.range()).toBe("unicast");
      // The same address in its other spellings.
      expect(isPublicAddress(address.toNormalizedString())).toBe(isPublicAddress(text));
      expect(isPublicAddress(address.toString())).toBe(isPublicAddress(text));
    }),
    { numRuns: 5_000 },
  );
});
