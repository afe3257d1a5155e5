/** The real node's own network: a bridge that exists only in the namespace of this check. */
export const place = {
  node: "real",
  bridge: "pixelmesh0",
  /** Of the node, its kubelet and its name server. */
  address: "10.77.0.1",
  subnet: "10.77.0.0/24",
  registry: "registry.example.com/team",
} as const;
