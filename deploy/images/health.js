// `node /app/health.js PORT`: exits with 0 if the health port of this container answers SERVING. For engines that check health by a
// command; Kubernetes uses gRPC itself. It writes the gRPC frames by hand, because it runs every few seconds and must be cheap.
import { connect } from "node:http2";

const service = Buffer.from("readiness");
// grpc.health.v1.HealthCheckRequest {service = 1} after the five-byte gRPC prefix: not compressed, length.
const message = Buffer.concat([Buffer.from([0x0a, service.length]), service]);
const request = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
// HealthCheckResponse {status = 1}: SERVING is 1.
const serving = Buffer.from([0, 0, 0, 0, 2, 0x08, 1]);

function end(fault) {
  if (fault !== undefined) process.stderr.write(`not serving: ${fault}\n`);
  process.exit(fault === undefined ? 0 : 1);
}
setTimeout(end, 3_000, "no answer within 3 s");
const session = connect(`http://127.0.0.1:${process.argv[2]}`);
session.on("error", (error) => end(error.message));
const call = session.request({
  ":method": "POST",
  ":path": "/grpc.health.v1.Health/Check",
  "content-type": "application/grpc",
  te: "trailers",
});
const answer = [];
call.on("data", (chunk) => answer.push(chunk));
call.on("end", () =>
  end(Buffer.concat(answer).equals(serving) ? undefined : "the health port does not answer SERVING"),
);
call.on("error", (error) => end(error.message));
call.end(request);
