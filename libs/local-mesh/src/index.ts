export { type MeshFacts, type MeshProcess, readMeshFile } from "./mesh-file.ts";
export { type ReservedPorts, reservePorts } from "./reserve-ports.ts";
export { compileCacheDir, type ServiceCommand, serviceCommand } from "./services.ts";
export { type Mesh, type MeshEvent, type MeshOptions, startMesh } from "./start-mesh.ts";
export { stopMesh } from "./stop-mesh.ts";
