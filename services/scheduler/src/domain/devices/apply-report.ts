import type { Rules } from "../rules.ts";
import { applyHostReport } from "./apply-host-report.ts";
import { type Device, updateZone, usageOf } from "./device.ts";
import type { DeviceReport } from "./device-report.ts";
import { checkReturn, expectReturn } from "./leak-detection.ts";
import { chargeBytes, createMemoryOwner, hostKey, type MemoryOwner, processKey, recordUse } from "./memory-owners.ts";
import { combineProvider, withoutReporter } from "./provider.ts";

/** Applies a report: the readings of the device, and the use of the reporter's process and its hosts. */
export function applyDeviceReport(
  device: Device,
  reporterId: string,
  report: DeviceReport,
  nowMs: number,
  rules: Rules,
): void {
  if (device.kind === "provider") applyProviderReport(device, reporterId, report, nowMs);
  else applyMemoryReport(device, reporterId, report, nowMs, rules);
}

function applyMemoryReport(
  device: Device,
  reporterId: string,
  report: DeviceReport,
  nowMs: number,
  rules: Rules,
): void {
  const externalBytes = usageOf(device).externalBytes;
  const hostBytes = usedByHosts(device, reporterId);
  device.reporters.set(reporterId, { report, atMs: nowMs });
  device.seenAtMs = nowMs;
  device.name = report.name;
  combineReadings(device, rules);

  const process = findOrAddOwner(device, createMemoryOwner(processKey(reporterId), "process", reporterId));
  recordUse(process, report.ownProcessBytes);
  for (const hostReport of report.hosts) {
    const host = findOrAddOwner(device, createMemoryOwner(hostKey(hostReport.hostId), "host", reporterId));
    applyHostReport(device, host, hostReport, { isHidden: report.processesHidden, nowMs });
  }

  const named = new Set([process.key, ...report.hosts.map(({ hostId }) => hostKey(hostId))]);
  for (const owner of device.owners.values()) {
    // This report shows the memory of owners without a fresh reporter as external.
    const isKnown = owner.reporterId === reporterId ? named.has(owner.key) : device.reporters.has(owner.reporterId);
    if (!isKnown) clearUse(device, owner);
  }
  detectLeak(device, reporterId, { externalBytes, hostBytes }, nowMs, rules);
  updateZone(device, nowMs, rules);
}

function applyProviderReport(device: Device, reporterId: string, report: DeviceReport, nowMs: number): void {
  device.reporters.set(reporterId, { report, atMs: nowMs });
  device.seenAtMs = nowMs;
  device.name = report.name;
  device.provider = combineProvider(device.reporters.values(), device.provider);
}

/** Removes a reporter whose stream ended or whose report is stale: its readings no longer count, its slots stay charged. */
export function dropReporter(device: Device, reporterId: string, nowMs: number, rules: Rules): void {
  const gone = device.reporters.get(reporterId);
  if (gone === undefined) return;
  device.reporters.delete(reporterId);
  if (device.provider !== undefined) {
    device.provider = combineProvider(device.reporters.values(), withoutReporter(device.provider, gone));
    return;
  }
  for (const owner of device.owners.values()) if (owner.reporterId === reporterId) keepCharge(owner);
  combineReadings(device, rules);
  updateZone(device, nowMs, rules);
}

/** Removes every reporter whose last report is older than `staleMs`. */
export function dropStaleReporters(device: Device, nowMs: number, rules: Rules): void {
  for (const [reporterId, { atMs }] of device.reporters) {
    if (nowMs - atMs > rules.staleMs) dropReporter(device, reporterId, nowMs, rules);
  }
}

function combineReadings(device: Device, rules: Rules): void {
  // Without a reporter the last readings stay; nothing is granted on them.
  if (device.reporters.size === 0) return;
  const reports = [...device.reporters.values()].map(({ report }) => report);
  // Containers may have different limits: the smallest total is the one that all of them may use.
  device.totalBytes = Math.min(...reports.map((report) => report.totalBytes));
  device.observedBytes = Math.max(...reports.map((report) => report.observedBytes));
  device.tokens = Math.max(...reports.map((report) => report.computeTokens)) || rules.defaultTokens;
}

/** Returns the use of each host of a reporter, by key, without hosts of 0 bytes. */
function usedByHosts(device: Device, reporterId: string): Map<string, number> {
  const hosts = [...device.owners.values()].filter((owner) => owner.kind === "host" && owner.reporterId === reporterId);
  return new Map(hosts.filter(({ usedBytes }) => usedBytes > 0).map(({ key, usedBytes }) => [key, usedBytes]));
}

/** Compares the hosts before and after a report: the memory of those that ended has to be given back. */
function detectLeak(
  device: Device,
  reporterId: string,
  before: { readonly externalBytes: number; readonly hostBytes: ReadonlyMap<string, number> },
  nowMs: number,
  rules: Rules,
): void {
  const hostsNow = usedByHosts(device, reporterId);
  let endedBytes = 0;
  for (const [key, bytes] of before.hostBytes) if (!hostsNow.has(key)) endedBytes += bytes;
  const { externalBytes } = before;
  device.leak = expectReturn(device.leak, device.kind, { endedBytes, externalBytes, nowMs });
  device.leak = checkReturn(device.leak, usageOf(device).externalBytes, nowMs, rules.evictTimeoutMs);
}

/** The use of this owner is unknown from now on, and no other reporter shows it as external yet: it stays charged. */
function keepCharge(owner: MemoryOwner): void {
  owner.unconfirmedBytes = chargeBytes(owner);
  owner.usedBytes = 0;
  owner.host = undefined;
}

function clearUse(device: Device, owner: MemoryOwner): void {
  owner.usedBytes = 0;
  owner.unconfirmedBytes = 0;
  owner.host = undefined;
  if (owner.slots.size === 0) device.owners.delete(owner.key);
}

function findOrAddOwner(device: Device, fresh: MemoryOwner): MemoryOwner {
  const known = device.owners.get(fresh.key);
  if (known !== undefined) return known;
  device.owners.set(fresh.key, fresh);
  return fresh;
}
