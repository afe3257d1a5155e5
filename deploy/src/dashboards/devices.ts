import { type Dashboard, deviceLegend, withDeviceNames } from "../panel.ts";

const memoryOf = (kind: string) =>
  `max by (namespace, device) (pixelmesh_device_memory_bytes{kind="${kind}", device=~"$device"})`;

/** Utilisation, saturation and errors of devices: memory of GPUs and machines, zones, slots. */
export const devices: Dashboard = {
  uid: "pixelmesh-devices",
  title: "Pixelmesh / GPU & memory",
  description: "Memory, zones and slots of devices, by the names of their cards and machines.",
  variables: [
    {
      name: "device",
      label: "Device",
      query: "pixelmesh_device_info",
      pattern: 'device="(?<value>[^"]+)".*name="(?<text>[^"]+)"',
    },
  ],
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
            { expr: withDeviceNames('pixelmesh:device_memory:ratio{device=~"$device"}'), legend: deviceLegend },
          ],
        },
        {
          title: "Memory by use",
          description:
            "Committed to slots, used by other programs (external), or still in use after its process ended (quarantined).",
          unit: "bytes",
          targets: ["committed", "external", "quarantined"].map((kind) => ({
            expr: withDeviceNames(memoryOf(kind)),
            legend: `${deviceLegend} ${kind}`,
          })),
        },
        {
          title: "Zone",
          description: "Green: all work is granted. Amber: only light work. Red: none.",
          unit: "none",
          kind: "state-timeline",
          steps: [
            { from: 1, color: "yellow" },
            { from: 2, color: "red" },
          ],
          values: {
            0: { text: "green", color: "green" },
            1: { text: "amber", color: "yellow" },
            2: { text: "red", color: "red" },
          },
          targets: [
            {
              expr: withDeviceNames('max by (namespace, device) (pixelmesh_device_zone{device=~"$device"})'),
              legend: deviceLegend,
            },
          ],
        },
        {
          title: "GPU memory",
          description: "Used part of each GPU's memory, for all programs, and the lines of AMBER and RED.",
          unit: "percentunit",
          width: 12,
          needs: "gpu",
          steps: [
            { from: 0.85, color: "yellow" },
            { from: 0.95, color: "red" },
          ],
          targets: [{ expr: withDeviceNames('pixelmesh:vram:ratio{device=~"$device"}'), legend: deviceLegend }],
        },
        {
          title: "GPUs that can be read",
          description:
            "Expected by the settings or at the start of each worker, and readable now. Both are 0 without a GPU provider.",
          unit: "none",
          width: 12,
          targets: [
            {
              expr: "sum by (service, state) (pixelmesh_gpus * on (namespace, job, instance) group_left (service) pixelmesh_build_info)",
              legend: "{{service}} {{state}}",
            },
          ],
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
          title: "Refused requests",
          description: "Requests for slots that were refused, per second, by reason.",
          unit: "cps",
          zeroBecause: "No request is refused while queues are short and devices are large enough.",
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
      ],
    },
    {
      title: "Containers",
      panels: [
        {
          title: "Memory of containers",
          description: "Working set as a part of the limit, inference hosts included.",
          unit: "percentunit",
          width: 24,
          needs: "kubernetes",
          steps: [
            { from: 0.85, color: "yellow" },
            { from: 0.95, color: "red" },
          ],
          targets: [{ expr: "pixelmesh:container_memory:ratio", legend: "{{pod}} {{container}}" }],
        },
      ],
    },
  ],
};
