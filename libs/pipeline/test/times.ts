/** Number of runs of a property: the usual number, or the one that `make test-deep` sets, if that is higher. */
export const times = (usual: number): number => Math.max(usual, Number(process.env.PIXELMESH_PROPERTY_RUNS ?? 0));
