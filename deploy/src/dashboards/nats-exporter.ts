import type { Panel, Row } from "../panel.ts";

const needs = "nats exporter";
const server = "{{server_id}}";
/** A server's own counters are exported as gauges. `rate` works on them, because they only grow until a restart. */
const perSecond = (metric: string) => `sum by (server_id) (rate(${metric}[$__rate_interval]))`;

const panel = (title: string, description: string, unit: Panel["unit"], ...targets: [string, string][]): Panel => ({
  title,
  description,
  unit,
  width: 6,
  needs,
  targets: targets.map(([expr, legend]) => ({ expr, legend })),
});

/** What the servers say themselves, by prometheus-nats-exporter with `-varz -jsz=all -prefix=nats`, as NATS's chart runs it. */
export const natsRows: readonly Row[] = [
  {
    title: "Servers (prometheus-nats-exporter)",
    panels: [
      panel("Memory", "Resident memory of each server.", "bytes", ["max by (server_id) (nats_varz_mem)", server]),
      panel(
        "Clients",
        "Connections of each server, and those that it closed because they read too slowly.",
        "short",
        ["max by (server_id) (nats_varz_connections)", server],
        ["max by (server_id) (nats_varz_slow_consumers)", `${server} slow`],
      ),
      panel(
        "Messages of servers",
        "Received and sent, per second.",
        "mps",
        [perSecond("nats_varz_in_msgs"), `${server} in`],
        [perSecond("nats_varz_out_msgs"), `${server} out`],
      ),
      panel(
        "Bytes of servers",
        "Received and sent, per second.",
        "Bps",
        [perSecond("nats_varz_in_bytes"), `${server} in`],
        [perSecond("nats_varz_out_bytes"), `${server} out`],
      ),
    ],
  },
  {
    title: "JetStream (prometheus-nats-exporter)",
    panels: [
      panel("Fill of the file store", "Stored bytes as a part of the server's file store.", "percentunit", [
        "max by (server_id) (nats_server_total_message_bytes) / (max by (server_id) (nats_server_max_storage) > 0)",
        server,
      ]),
      panel("Bytes of streams", "By stream.", "bytes", [
        "max by (stream_name) (nats_stream_total_bytes)",
        "{{stream_name}}",
      ]),
      panel("Messages of streams", "By stream.", "short", [
        "max by (stream_name) (nats_stream_total_messages)",
        "{{stream_name}}",
      ]),
      panel(
        "Consumers",
        "Messages that wait, and that are delivered and not acknowledged, by consumer.",
        "short",
        ["max by (stream_name, consumer_name) (nats_consumer_num_pending)", "{{consumer_name}} waiting"],
        ["max by (stream_name, consumer_name) (nats_consumer_num_ack_pending)", "{{consumer_name}} unacknowledged"],
      ),
    ],
  },
];
