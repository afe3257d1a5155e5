export { startIdleCollection } from "@pixelmesh/lifecycle";
export { type MeshFacts, type MeshProcess, readMeshFile } from "./data-dir/mesh-file.ts";
export type { Mesh, MeshEvent, MeshOptions } from "./mesh.ts";
export { type ReservedPorts, reservePorts } from "./ports/reserve-ports.ts";
export { runWithMesh } from "./run-with-mesh.ts";
export { compileCacheDir, parentWatch, type ServiceCommand, serviceCommand } from "./services/service-command.ts";
export { sourceDirsOf } from "./services/source-dirs.ts";
export { startMesh } from "./start-mesh.ts";
export { stopMesh } from "./stop-mesh.ts";
