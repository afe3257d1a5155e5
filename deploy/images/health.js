// `node /app/health.js PORT`: exit 0 where the service of this container serves, as its health port says. For engines
// that ask by a command; Kubernetes asks by gRPC itself. Speaks gRPC by hand: asked every few seconds, it must cost little.
import { connect } from "node:http2";

const service = Buffer.from("readiness");
// grpc.health.v1.HealthCheckRequest {service = 1}, behind the five bytes of a gRPC message: not compressed, its length.
const message = Buffer.concat([Buffer.from([0x0a, service.length]), service]);
const request = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
// HealthCheckResponse {status = 1}: SERVING is 1.
const serving = Buffer.from([0, 0, 0, 0, 2, 0x08, 1]);

function end(why) {
  if (why !== undefined) process.stderr.write(`not serving: ${why}\n`);
  process.exit(why === undefined ? 0 : 1);
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
call.on("end", () => end(Buffer.concat(answer).equals(serving) ? undefined : "health says that it does not serve"));
call.on("error", (error) => end(error.message));
call.end(request);
