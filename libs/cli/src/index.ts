export type { MeshProcess } from "./mesh/mesh-file.ts";
export { type ReservedPorts, reservePorts } from "./mesh/reserve-ports.ts";
export type { Env } from "./mesh/service-env.ts";
export { type ServiceName, serviceCommand, serviceNames } from "./mesh/services.ts";
export { type Mesh, type MeshEvent, type MeshOptions, startMesh } from "./mesh/start-mesh.ts";
export { toTable } from "./text.ts";
