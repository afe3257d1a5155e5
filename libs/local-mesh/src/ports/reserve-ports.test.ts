import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { isFree, reservePorts } from "./reserve-ports.ts";

const host = "127.0.0.1";

test("reserved ports are free, and no other reservation gets one before they are released", async () => {
  const reserved = await Promise.all(Array.from({ length: 20 }, () => reservePorts(host, 19)));
  onTestFinished(() => {
    for (const { release } of reserved) release();
  });
  const all = reserved.flatMap(({ ports }) => ports);
  expect(new Set(all).size).toBe(20 * 19);
  for (const port of reserved[0]!.ports) expect(await isFree(host, port)).toBe(true);
});

test("reserved ports lie below the kernel's range for outgoing connections", async ({ skip }) => {
  if (process.platform !== "linux") skip("the range is in /proc");
  const [from = 0] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/).map(Number);
  if (from < 20_000) skip("this machine gives nearly all ports to outgoing connections");
  for (let at = 0; at < 50; at += 1) {
    const { ports, release } = await reservePorts(host, 31);
    release();
    expect(Math.min(...ports)).toBeGreaterThan(10_240);
    expect(Math.max(...ports)).toBeLessThan(from);
  }
});

test("a block with a taken port is skipped", async () => {
  const first = await reservePorts(host, 31);
  const server = createServer().listen(first.ports[7], host);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  first.release();
  expect(await isFree(host, first.ports[7]!)).toBe(false);
  for (let at = 0; at < 20; at += 1) {
    const { ports, release } = await reservePorts(host, 31);
    release();
    expect(ports).not.toContain(first.ports[7]);
  }
});
