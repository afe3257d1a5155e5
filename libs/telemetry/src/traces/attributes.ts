/** The release of OpenTelemetry's semantic conventions that the attribute names follow. Exported spans carry it. */
export const schemaUrl = "https://opentelemetry.io/schemas/1.45.0";

/** The registry of span attributes with their meanings. Names without `pixelmesh` are those of the semantic conventions (`schemaUrl`). */
export const attributeDefinitions = {
  "rpc.system.name": "grpc",
  "rpc.method": "Full name of the method.",
  "rpc.status_code": "Name of the gRPC status.",
  "http.request.method": "GET, POST, …",
  "http.route": "Path pattern of the route.",
  "http.response.status_code": "Status of the response; 499 if the caller left before.",
  "error.type": "Reason of the failure, or the status where there is none.",
  "server.address": "Host that is called, as it is configured.",
  "server.port": "Port that is called.",
  "messaging.system.name": "nats",
  "messaging.operation.name": "publish, process, ack, nak, term or lost",
  "messaging.operation.type": "send, process or settle",
  "messaging.destination.name": "Stream of the message.",
  "messaging.destination.template": "Subject with its variable parts named.",
  "messaging.message.id": "Id by which the broker recognises duplicates.",
  "messaging.message.conversation_id": "The job.",
  "messaging.message.body.size": "Bytes.",
  "pixelmesh.job.id": "The job.",
  "pixelmesh.step.id": "The step, as its pipeline names it.",
  "pixelmesh.operation": "Operation of the step.",
  "pixelmesh.attempt": "Attempt of the step, from 1.",
  "pixelmesh.pipeline": "Pipeline of the job, named after its most expensive step.",
  "pixelmesh.outcome": "How the job or the step ended.",
  "pixelmesh.reason": "Reason of the failure, from the closed list.",
  "pixelmesh.job.duration_ms": "From accepted to ended.",
  "pixelmesh.steps": "Steps of the job.",
  "pixelmesh.nats.stream": "Stream of the message.",
  "pixelmesh.nats.delivery_count": "Deliveries of the message, this one included.",
  "pixelmesh.nats.duplicate": "The broker had the message already.",
  "pixelmesh.queue.wait_ms": "From stored to taken.",
  "pixelmesh.slot.wait_ms": "From request to grant.",
  "pixelmesh.slot.id": "The slot.",
  "pixelmesh.slot.epoch": "Leader's term and counter of the grant.",
  "pixelmesh.slot.requested_bytes": "Peak of the option that was preferred.",
  "pixelmesh.slot.granted_bytes": "Peak of the option that was granted.",
  "pixelmesh.device.id": "Device of the slot.",
  "pixelmesh.model.name": "Model that ran.",
  "pixelmesh.tiles": "Tiles that the batch ran.",
  "pixelmesh.tile_px": "Largest side of the tiles, halo included.",
  "pixelmesh.cache.result": "hit, coalesced or miss",
  "pixelmesh.image.width": "Pixels.",
  "pixelmesh.image.height": "Pixels.",
  "pixelmesh.image.format": "Format as encoded.",
  "pixelmesh.image.bytes": "Encoded size.",
} as const;

/** The name of an attribute in the registry. */
export type AttributeName = keyof typeof attributeDefinitions;

/** Attributes of a span. Attributes that are `undefined` are left out. */
export type SpanAttributes = Readonly<Partial<Record<AttributeName, string | number | boolean | undefined>>>;
