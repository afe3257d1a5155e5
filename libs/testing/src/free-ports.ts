import { reservePorts } from "@pixelmesh/local-mesh";

const mostAtOnce = 31;

/** Reserves ports that neither outgoing connections nor other meshes of this machine take while this process runs. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const reserved = await reservePorts("127.0.0.1", Math.min(mostAtOnce, count - ports.length));
    ports.push(...reserved.ports);
  }
  return ports;
}
