import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { place } from "./place.ts";

/** Returns the source of a claim's volume: a folder of the real node, which the kubelet gives to the pod's group. */
export function localVolume(dir: string): (uid: string) => object {
  return (uid) => {
    const path = join(dir, uid);
    mkdirSync(path, { recursive: true });
    const here = { key: "kubernetes.io/hostname", operator: "In", values: [place.node] };
    return { local: { path }, nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [here] }] } } };
  };
}
