export type { ReceivedSpan } from "../../libs/telemetry/test/otlp/received.ts";
export { startHttpReceiver as startOtlpReceiver } from "../../libs/telemetry/test/otlp/receiver.ts";
