import type { Dashboard } from "../panel.ts";

/** Utilisation, saturation and errors of scarce resources: memory of GPUs and machines, cores, slots. */
export const devices: Dashboard = {
  uid: "pixelmesh-devices",
  title: "Pixelmesh / GPU & memory",
  description: "Memory, zones and slots of devices; memory and cores of processes.",
  variables: [{ name: "device", query: "pixelmesh_device_memory_bytes, device" }],
  rows: [
    {
      title: "Devices",
      panels: [
        {
          title: "Memory in use",
          description: "As the driver or the kernel reports it, for all programs. AMBER from 85 %, RED from 95 %.",
          unit: "percentunit",
          steps: [
            { from: 0.85, color: "yellow" },
            { from: 0.95, color: "red" },
          ],
          targets: [
            {
              expr: 'max by (device) (pixelmesh_device_memory_bytes{kind="observed", device=~"$device"}) / max by (device) (pixelmesh_device_memory_bytes{kind="total", device=~"$device"})',
              legend: "{{device}}",
            },
          ],
        },
        {
          title: "Memory by use",
          description:
            "Committed to slots, used by other programs (external), or still in use after its process ended (quarantined).",
          unit: "bytes",
          targets: [
            {
              expr: 'max by (device, kind) (pixelmesh_device_memory_bytes{kind=~"committed|external|quarantined", device=~"$device"})',
              legend: "{{device}} {{kind}}",
            },
          ],
        },
        {
          title: "Zone",
          description: "0 green, 1 amber, 2 red.",
          unit: "none",
          steps: [
            { from: 1, color: "yellow" },
            { from: 2, color: "red" },
          ],
          targets: [{ expr: 'max by (device) (pixelmesh_device_zone{device=~"$device"})', legend: "{{device}}" }],
        },
      ],
    },
    {
      title: "Slots",
      panels: [
        {
          title: "Held and waiting",
          description: "Slots that are held and requests that wait, by work class.",
          unit: "short",
          targets: [
            { expr: "sum by (work_class) (pixelmesh_slots)", legend: "{{work_class}} held" },
            { expr: "sum by (work_class) (pixelmesh_slots_waiting)", legend: "{{work_class}} waiting" },
          ],
        },
        {
          title: "Refused",
          description: "Per second, by reason.",
          unit: "reqps",
          targets: [
            { expr: "sum by (reason) (rate(pixelmesh_slot_refused_total[$__rate_interval]))", legend: "{{reason}}" },
          ],
        },
        {
          title: "Out of memory",
          description: "Per hour, by operation and by the action taken.",
          unit: "short",
          targets: [
            {
              expr: "sum by (operation, action) (increase(pixelmesh_out_of_memory_total[1h]))",
              legend: "{{operation}} {{action}}",
            },
          ],
        },
        {
          title: "Loading models",
          description: "p95 by model.",
          unit: "s",
          targets: [
            {
              expr: "histogram_quantile(0.95, sum by (le, model) (rate(pixelmesh_model_load_seconds_bucket[$__rate_interval])))",
              legend: "{{model}}",
            },
          ],
        },
      ],
    },
    {
      title: "Processes",
      panels: [
        {
          title: "Memory of processes",
          description: "Resident memory as a share of each process's limit, without inference hosts.",
          unit: "percentunit",
          steps: [
            { from: 0.85, color: "yellow" },
            { from: 0.95, color: "red" },
          ],
          targets: [{ expr: "pixelmesh:process_memory:ratio", legend: "{{instance}}" }],
        },
        {
          title: "Cores",
          description: "Used by each process.",
          unit: "short",
          targets: [{ expr: "rate(process_cpu_seconds_total[$__rate_interval])", legend: "{{instance}}" }],
        },
        {
          title: "Event loop lag",
          description: "p99 of each process.",
          unit: "s",
          steps: [{ from: 0.5, color: "red" }],
          targets: [{ expr: "nodejs_eventloop_lag_p99_seconds", legend: "{{instance}}" }],
        },
      ],
    },
  ],
};
