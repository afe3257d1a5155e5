/**
 * Returns a query that is 0 while any process of the mesh is scraped, for panels that have no series on a healthy mesh. It has no value
 * if nothing is scraped, so that an absent mesh does not look healthy. The first label of the legend reads `none`.
 */
export function emptyScope(legend: string): string {
  const zero = "0 * max(pixelmesh_build_info)";
  const label = /\{\{(\w+)\}\}/.exec(legend)?.[1];
  return label === undefined ? zero : `label_replace(${zero}, "${label}", "none", "", "")`;
}
