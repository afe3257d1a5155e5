import type { HostReport } from "@pixelmesh/proto";
import type { Rules } from "../rules.ts";
import type { DeviceReport } from "../types.ts";
import { type Device, slotsOf, toFigures, updateZone } from "./device.ts";
import { lookAgain, noteEnded } from "./leak-detection.ts";
import { chargeBytes, createUnit, hostKey, noteUse, processKey, type Unit } from "./memory-owners.ts";

/** Takes over a report: the device's readings, and what the reporter's process and its hosts use. */
export function applyDeviceReport(
  device: Device,
  reporterId: string,
  report: DeviceReport,
  nowMs: number,
  rules: Rules,
): void {
  const before = { externalBytes: toFigures(device).externalBytes, held: heldByHosts(device, reporterId) };
  device.reporters.set(reporterId, { report, atMs: nowMs });
  device.seenAtMs = nowMs;
  device.name = report.name;
  readReporters(device, rules);

  const process = unitOf(device, createUnit(processKey(reporterId), "process", reporterId));
  noteUse(process, report.ownProcessBytes);
  for (const host of report.hosts) noteHost(device, reporterId, host, { isHidden: report.processesHidden, nowMs });

  const named = new Set([process.key, ...report.hosts.map(({ hostId }) => hostKey(hostId))]);
  for (const unit of device.units.values()) {
    // What silent reporters' units hold is external by now: this report shows it.
    const isKnown = unit.reporterId === reporterId ? named.has(unit.key) : device.reporters.has(unit.reporterId);
    if (!isKnown) forgetUse(device, unit);
  }
  watchLeaks(device, reporterId, before, nowMs, rules);
  updateZone(device, nowMs, rules);
}

/** What each host of a reporter holds, of those that hold anything. */
function heldByHosts(device: Device, reporterId: string): Map<string, number> {
  const mine = [...device.units.values()].filter((unit) => unit.kind === "host" && unit.reporterId === reporterId);
  return new Map(mine.filter(({ usedBytes }) => usedBytes > 0).map(({ key, usedBytes }) => [key, usedBytes]));
}

function watchLeaks(
  device: Device,
  reporterId: string,
  before: { readonly externalBytes: number; readonly held: ReadonlyMap<string, number> },
  nowMs: number,
  rules: Rules,
): void {
  const now = heldByHosts(device, reporterId);
  let endedBytes = 0;
  for (const [key, bytes] of before.held) if (!now.has(key)) endedBytes += bytes;
  const { externalBytes } = before;
  device.leak = noteEnded(device.leak, device.kind, { endedBytes, externalBytes, nowMs });
  device.leak = lookAgain(device.leak, toFigures(device).externalBytes, nowMs, rules.evictTimeoutMs);
}

/** Forgets a reporter whose stream ended or fell silent: its readings no longer count, its slots stay charged. */
export function dropReporter(device: Device, reporterId: string, nowMs: number, rules: Rules): void {
  if (!device.reporters.delete(reporterId)) return;
  for (const unit of device.units.values()) if (unit.reporterId === reporterId) silence(unit);
  readReporters(device, rules);
  updateZone(device, nowMs, rules);
}

/** Forgets every reporter whose last report is older than `staleMs`. */
export function dropStaleReporters(device: Device, nowMs: number, rules: Rules): void {
  for (const [reporterId, { atMs }] of device.reporters) {
    if (nowMs - atMs > rules.staleMs) dropReporter(device, reporterId, nowMs, rules);
  }
}

function readReporters(device: Device, rules: Rules): void {
  // Without a reporter the last readings stand; nothing is granted on them.
  if (device.reporters.size === 0) return;
  const reports = [...device.reporters.values()].map(({ report }) => report);
  // Who was given less of it counts: what all may use is the least that any of them may.
  device.totalBytes = Math.min(...reports.map((report) => report.totalBytes));
  device.observedBytes = Math.max(...reports.map((report) => report.observedBytes));
  device.tokens = Math.max(...reports.map((report) => report.computeTokens)) || rules.defaultTokens;
}

function noteHost(
  device: Device,
  reporterId: string,
  report: HostReport,
  { isHidden, nowMs }: { readonly isHidden: boolean; readonly nowMs: number },
): void {
  const key = hostKey(report.hostId);
  const unit = unitOf(device, createUnit(key, "host", reporterId));
  const residentBytes = report.models.reduce((sum, model) => sum + model.residentBytes, 0);
  // Where nobody can say what a process uses, it has what it was granted: its arena keeps the high-water mark.
  const grantedBytes = Math.min(device.observedBytes, chargeBytes(unit));
  noteUse(unit, isHidden ? Math.max(grantedBytes, residentBytes) : report.usedBytes || residentBytes);
  unit.host ??= {
    ...{ hostId: report.hostId, busy: report.busy, models: report.models },
    ...{ residentSinceMs: nowMs, lastUsedMs: nowMs, evictingUntilMs: Number.NEGATIVE_INFINITY },
  };
  unit.host.busy = report.busy;
  unit.host.models = report.models;
  if (report.busy) unit.host.lastUsedMs = nowMs;
  takeOverStarts(device, unit, report, unit.host.residentSinceMs);
}

/** A host that came after its reporter was granted starts, and holds their model: this is what those starts became. */
function takeOverStarts(device: Device, host: Unit, { models }: HostReport, residentSinceMs: number): void {
  for (const start of device.units.values()) {
    if (start.kind !== "start" || start.reporterId !== host.reporterId) continue;
    const slots = slotsOf(device, start);
    const isItsModel = models.some(({ digest }) => slots.some((slot) => slot.request.modelDigest === digest));
    if (!isItsModel || slots.some((slot) => slot.grantedAtMs > residentSinceMs)) continue;
    for (const slot of slots) {
      host.slots.set(slot.slotId, slot.peakBytes);
      slot.unitKey = host.key;
    }
    device.units.delete(start.key);
  }
}

/** What a silent reporter's unit holds is not known any more, and no other reporter has shown it yet: it stays charged. */
function silence(unit: Unit): void {
  unit.settlingBytes = chargeBytes(unit);
  unit.usedBytes = 0;
  unit.host = undefined;
}

function forgetUse(device: Device, unit: Unit): void {
  unit.usedBytes = 0;
  unit.settlingBytes = 0;
  unit.host = undefined;
  if (unit.slots.size === 0) device.units.delete(unit.key);
}

function unitOf(device: Device, fresh: Unit): Unit {
  const known = device.units.get(fresh.key);
  if (known !== undefined) return known;
  device.units.set(fresh.key, fresh);
  return fresh;
}
