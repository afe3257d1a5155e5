import { toShortSize } from "@pixelmesh/short-text";
import type { Device } from "../api/types.ts";
import { toPercent, toWords } from "../text/labels.ts";
import { StateBadge } from "../ui/badges.tsx";
import { amberShare, memoryShares, redShare } from "./memory-shares.ts";

/** The devices of the mesh, with their memory and the models that they hold. */
export function Devices({ devices }: { readonly devices: readonly Device[] }) {
  return (
    <section aria-labelledby="devices">
      <h2 id="devices">Devices</h2>
      {devices.length === 0 ? <p class="hint">No device has reported yet.</p> : null}
      {devices.map((device) =>
        device.kind === "provider" ? (
          <ProviderBox key={device.deviceId} device={device} />
        ) : (
          <DeviceBox key={device.deviceId} device={device} />
        ),
      )}
    </section>
  );
}

/** A provider of hosted models: its calls in use of those that it takes. */
function ProviderBox({ device }: { readonly device: Device }) {
  const { name, deviceId, fresh, callLimits, callsInUse, closedForMs = 0, closedWhy = "", services } = device;
  const state = !fresh ? "no fresh report" : closedForMs > 0 ? "closed" : "open";
  const calls = (["light", "heavy", "exclusive"] as const).map(
    (workClass) => `${callsInUse?.[workClass] ?? 0} of ${callLimits?.[workClass] ?? 0} ${workClass}`,
  );
  return (
    <article class="job-box">
      <div class="row">
        <h3>{name || deviceId}</h3>
        <StateBadge state={state} />
        <span class="hint">provider of hosted models; {services.join(", ")}</span>
      </div>
      <p class="hint">
        Calls: {calls.join(", ")}
        {closedForMs > 0 ? `; closed for ${Math.ceil(closedForMs / 1_000)} s: ${closedWhy}` : ""}
      </p>
    </article>
  );
}

function DeviceBox({ device }: { readonly device: Device }) {
  const { name, deviceId, kind, zone, fresh, totalBytes, observedBytes, tokensUsed, tokensTotal, hosts, services } =
    device;
  return (
    <article class="job-box">
      <div class="row">
        <h3>{name || deviceId}</h3>
        <StateBadge state={fresh ? zone : "no fresh report"} />
        <span class="hint">
          {toWords(kind)}; {services.join(", ")}; compute {tokensUsed} of {tokensTotal}
        </span>
      </div>
      <MemoryBar device={device} />
      <p class="hint">
        {toShortSize(observedBytes)} of {toShortSize(totalBytes)} used
      </p>
      {hosts.length === 0 ? null : <Hosts hosts={hosts} />}
    </article>
  );
}

function MemoryBar({ device }: { readonly device: Device }) {
  const { ours, others, quarantined, granted } = memoryShares(device);
  const parts = [
    { name: "used by us", kind: "ours", share: ours },
    { name: "used by others", kind: "others", share: others },
    { name: "quarantined", kind: "quarantined", share: quarantined },
  ];
  const text = [...parts, { name: "granted", kind: "granted", share: granted }]
    .map(({ name, share }) => `${toPercent(share)} ${name}`)
    .join(", ");
  const lines = [
    { share: amberShare, kind: "amber" },
    { share: redShare, kind: "red" },
  ];
  return (
    <>
      <div class="memory" role="img" aria-label={`Memory: ${text}. Lines at 85 % and 95 %.`}>
        {parts.map(({ kind, share }) => (
          <span key={kind} class={`part ${kind}`} style={{ width: `${share * 100}%` }} />
        ))}
        <span class="granted" style={{ width: `${granted * 100}%` }} />
        {lines.map(({ kind, share }) => (
          <span key={kind} class={`line ${kind}`} style={{ left: `${share * 100}%` }} />
        ))}
      </div>
      <ul class="legend">
        {parts.map(({ name, kind, share }) => (
          <li key={kind}>
            <span class={`key ${kind}`} /> {name} {toPercent(share)}
          </li>
        ))}
        <li>
          <span class="key granted" /> granted {toPercent(granted)}
        </li>
        <li>
          <span class="key line-key" /> lines: 85 % and 95 %
        </li>
      </ul>
    </>
  );
}

function Hosts({ hosts }: { readonly hosts: Device["hosts"] }) {
  return (
    <ul class="plain">
      {hosts.map(({ hostId, usedBytes, busy, models }) => (
        <li key={hostId}>
          <span class="break">{hostId}</span>: {toShortSize(usedBytes)}, {busy ? "works" : "is idle"}
          {models.length === 0 ? ", no model" : ""}
          <ul class="plain">
            {models.map((model) => (
              <li key={model.name}>
                {model.name} on {model.provider}, {toShortSize(model.residentBytes)}
                {model.pinned ? ", pinned" : ""}
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}
