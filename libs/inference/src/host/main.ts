import { Socket } from "node:net";
import { env } from "onnxruntime-node";
import { serve } from "./serve.ts";

// Ctrl-C reaches every process of a terminal. The service decides when its hosts end: by closing their socket.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
process.title = "pixelmesh-host";
env.logLevel = "error";

await serve((onread) => new Socket({ fd: 3, onread }));
process.exit(0);
