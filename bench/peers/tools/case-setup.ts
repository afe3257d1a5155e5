import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchMesh, startBenchMesh } from "../../harness/bench-mesh.ts";
import { compareSides } from "../judge/compare-sides.ts";
import { type Judgement, judge } from "../judge/judge.ts";
import type { Side } from "../judge/side.ts";

/** What a case's sides are made from. */
export type CaseSetup = { readonly mesh: BenchMesh; readonly dir: string };

/** One way to make a peer's side; undefined where the peer is not installed. */
export type SideStart = () => Promise<Side | undefined> | Side | undefined;

/**
 * Starts a mesh and a scratch directory, makes the sides, compares and judges them. A peer that does not start is left out, loudly. Ends all
 * processes and removes the directory in any case.
 */
export async function runPeerCase(
  judgement: Judgement,
  makeSides: (setup: CaseSetup) => Promise<{ readonly ours: readonly Side[]; readonly peers: readonly SideStart[] }>,
): Promise<boolean> {
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-peers-"));
  let mesh: BenchMesh | undefined;
  const sides: Side[] = [];
  try {
    mesh = await startBenchMesh();
    const { ours, peers } = await makeSides({ mesh, dir });
    sides.push(...ours);
    for (const start of peers) {
      try {
        const side = await start();
        if (side !== undefined) sides.push(side);
      } catch (error) {
        console.log(`  !!! LEFT OUT: a peer did not start: ${error instanceof Error ? error.message : error}`);
      }
    }
    return judge(await compareSides(sides.splice(0)), judgement);
  } finally {
    for (const side of sides) await side.close();
    await mesh?.close();
    await rm(dir, { recursive: true, force: true });
  }
}
