import type { ByteBudget } from "@pixelmesh/rpc";
import type { JobView } from "../domain/job-view.ts";
import type { EventStreams } from "../events/event-stream.ts";
import type { BodyLimits } from "../http/body.ts";
import type { SendOptions } from "../outputs/send-bytes.ts";
import type { IngestClients } from "../rpc/ingest-clients.ts";

/** What the routes share. */
export type GatewayParts = {
  readonly clients: IngestClients;
  /** Address of ingest, for answers that name it. */
  readonly ingestAddress: string;
  readonly streams: EventStreams;
  readonly toJobJson: JobView;
  /** Memory for pictures on their way in. */
  readonly uploads: ByteBudget;
  readonly limits: BodyLimits;
  readonly send: SendOptions;
  readonly maxWaitMs: number;
};
