import { expected } from "@pixelmesh/errors";

/** The samplers of `OTEL_TRACES_SAMPLER`; `pixelmesh` is the mesh's own. */
export const samplerNames = [
  "pixelmesh",
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

/** Name of a sampler. */
export type SamplerName = (typeof samplerNames)[number];

/**
 * The settings of tracing that a process of the mesh decides by. Texts are those of the variables; "" is not set. The SDK reads the further
 * variables of its exporters (headers, time-outs, certificates, compression) from the environment itself.
 */
export type TraceSettings = {
  /** `OTEL_SDK_DISABLED` */
  readonly isDisabled: boolean;
  /** `OTEL_TRACES_EXPORTER`: a list of `otlp`, `console` or `none`. */
  readonly exporters: readonly string[];
  /** `OTEL_LOGS_EXPORTER`: a list of `otlp` or `none`. */
  readonly logExporters: readonly string[];
  /** `OTEL_EXPORTER_OTLP_ENDPOINT` and `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`. */
  readonly endpoint: string;
  readonly tracesEndpoint: string;
  /** `OTEL_EXPORTER_OTLP_PROTOCOL` and `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`. */
  readonly protocol: string;
  readonly tracesProtocol: string;
  /** `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`. */
  readonly sampler: SamplerName;
  readonly samplerArg: string;
  /** The mesh's own head sampling: share of the traces begun here that is kept, 0 to 1, and most traces a second. */
  readonly ratio: number;
  readonly perSecond: number;
  /** Longest wait of an ended span before its batch is sent, in milliseconds, unless `OTEL_BSP_SCHEDULE_DELAY` is set. */
  readonly sendEveryMs: number;
};

/** An exporter of spans. */
export type ExporterName = "otlp" | "console";

/** A protocol of OTLP. */
export type OtlpProtocol = (typeof otlpProtocols)[number];

/** The protocols of OTLP. */
export const otlpProtocols = ["http/protobuf", "http/json", "grpc"] as const;

/**
 * Returns the exporters of a process; none: it does not trace. Without `OTEL_TRACES_EXPORTER` it exports by OTLP if an endpoint is set: the
 * standard's default, a receiver on this machine, is rarely there. Throws INVALID_ARGUMENT for another name.
 */
export function toExporters(settings: TraceSettings): readonly ExporterName[] {
  const { isDisabled, exporters, endpoint, tracesEndpoint } = settings;
  if (isDisabled || exporters.includes("none")) return [];
  if (exporters.length === 0) return endpoint === "" && tracesEndpoint === "" ? [] : ["otlp"];
  return [...new Set(exporters)].map((name) => {
    if (name === "otlp" || name === "console") return name;
    throw expected("OTEL_TRACES_EXPORTER", "a list of `otlp`, `console` or `none`", name);
  });
}

/** Whether log lines are sent by OTLP besides. Throws INVALID_ARGUMENT for another exporter. */
export function exportsLogs({ isDisabled, logExporters }: TraceSettings): boolean {
  const wrong = logExporters.find((name) => name !== "otlp" && name !== "none");
  if (wrong !== undefined) throw expected("OTEL_LOGS_EXPORTER", "`otlp` or `none`", wrong);
  return !isDisabled && logExporters.includes("otlp") && !logExporters.includes("none");
}

/** Returns the protocol for traces. Throws INVALID_ARGUMENT for an unknown one. */
export function toOtlpProtocol({ protocol, tracesProtocol }: TraceSettings): OtlpProtocol {
  const [variable, given] =
    tracesProtocol === ""
      ? ["OTEL_EXPORTER_OTLP_PROTOCOL", protocol]
      : ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", tracesProtocol];
  const known = otlpProtocols.find((name) => name === (given || "http/protobuf"));
  if (known === undefined) throw expected(variable, `one of ${otlpProtocols.join(", ")}`, given);
  return known;
}

/** Throws INVALID_ARGUMENT if an endpoint is no `http://` or `https://` URL. */
export function assertEndpoints({ endpoint, tracesEndpoint }: TraceSettings): void {
  const given = {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: tracesEndpoint,
  };
  for (const [variable, url] of Object.entries(given)) {
    const isUrl = /^https?:\/\/[^/]/.test(url) && URL.canParse(url);
    if (url !== "" && !isUrl) throw expected(variable, "a URL such as http://collector:4318", url);
  }
}

/** Returns `OTEL_TRACES_SAMPLER_ARG` of a ratio sampler; 1 if it is not set. Throws INVALID_ARGUMENT unless it is a number from 0 to 1. */
export function toSamplerRatio({ samplerArg }: TraceSettings): number {
  if (samplerArg === "") return 1;
  const ratio = Number(samplerArg);
  if (samplerArg.trim() === "" || !(ratio >= 0 && ratio <= 1))
    throw expected("OTEL_TRACES_SAMPLER_ARG", "a number from 0 to 1", samplerArg);
  return ratio;
}

/** Whether the process exports anything: only then the SDK is loaded. */
export const isExporting = (settings: TraceSettings): boolean =>
  toExporters(settings).length > 0 || exportsLogs(settings);
