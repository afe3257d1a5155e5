// `node /app/health.js PORT`: exit 0 where the service of this container serves, as its health port says. For engines
// that ask by a command; Kubernetes asks by gRPC itself.
import { connectRpc, HealthDefinition } from "@pixelmesh/rpc";

const connection = connectRpc(`127.0.0.1:${process.argv[2]}`);
const { status } = await connection
  .client(HealthDefinition)
  .check({ service: "readiness" }, { timeoutMs: 2_000 })
  .catch((error) => ({ status: error.message }));
connection.close();
// SERVING of grpc.health.v1.
if (status === 1) process.exit(0);
process.stderr.write(`not serving: ${status}\n`);
process.exit(1);
