/** A span as a receiver of OTLP got it. */
export type ReceivedSpan = {
  /** `service.name` of its resource. */
  readonly service: string;
  /** `service.version` of its resource. */
  readonly version: string;
  readonly resource: Attributes;
  /** Schema URLs of its scope and of its resource. */
  readonly schemaUrl: string;
  readonly resourceSchemaUrl: string;
  /** Name and version of the instrumentation scope. */
  readonly scope: readonly [name: string, version: string];
  /** Ids in hex; "" for no parent. */
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  /** Nanoseconds since 1970. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Attributes;
  readonly events: readonly string[];
  readonly isError: boolean;
};

/** Attributes by name. */
export type Attributes = Readonly<Record<string, unknown>>;

/** A log record as a receiver of OTLP got it. */
export type ReceivedLog = {
  /** `service.name` of its resource. */
  readonly service: string;
  readonly schemaUrl: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly body: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Nanoseconds since 1970. */
  readonly timeNs: bigint;
  readonly attributes: Attributes;
};
