const skipped: string[] = [];

/** Runs one step and prints its time. A step that returns a text was skipped for that reason. Throws what the step throws, after printing its name. */
export async function step(name: string, work: () => Promise<unknown>): Promise<void> {
  const startMs = performance.now();
  const seconds = () => `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
  try {
    const reason = await work();
    if (typeof reason !== "string") {
      console.log(`check-clients: ${name.padEnd(34)} ok (${seconds()})`);
      return;
    }
    skipped.push(`${name}: ${reason}`);
    console.log(`check-clients: ${name.padEnd(34)} SKIPPED: ${reason}`);
  } catch (error) {
    console.log(`check-clients: ${name.padEnd(34)} FAILED (${seconds()})`);
    throw error;
  }
}

/** The steps that were skipped, with their reasons. */
export function skippedSteps(): readonly string[] {
  return skipped;
}
