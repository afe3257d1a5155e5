/** How often a property is tried: as usual, or as often as `make test-deep` asks for. */
export const times = (usual: number): number => Math.max(usual, Number(process.env.PIXELMESH_PROPERTY_RUNS ?? 0));
