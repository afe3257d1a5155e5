import { AppError } from "@pixelmesh/errors";
import type { Pipeline } from "@pixelmesh/proto";

/** Throws REMOTE_NOT_ALLOWED unless pictures may leave the mesh. `what` would send one, as a sentence begins. */
export function assertRemoteAllowed(isRemoteAllowed: boolean, what: string): void {
  if (isRemoteAllowed) return;
  throw new AppError(
    "REMOTE_NOT_ALLOWED",
    `${what} sends the picture to a provider outside of this mesh, which its operator does not allow (\`PIXELMESH_REMOTE_ALLOWED\`)`,
  );
}

/** Throws REMOTE_NOT_ALLOWED for a pipeline with a hosted model, unless pictures may leave the mesh. */
export function assertPipelineAllowed(pipeline: Pick<Pipeline, "steps">, isRemoteAllowed: boolean): void {
  const remote = pipeline.steps.find(({ operation }) => operation?.$case === "remoteModel");
  if (remote) assertRemoteAllowed(isRemoteAllowed, `Step \`${remote.id.slice(0, 64)}\``);
}
