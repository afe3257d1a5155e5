import type { IPersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import type { KubeApi } from "../control-plane/kube-api.ts";
import { repeat } from "./repeat.ts";

const provisioner = "check.pixelmesh.io/fake";
const selectedNode = "volume.kubernetes.io/selected-node";

/** The storage classes that exist: a default one, and the one that the profile `prod` names. */
export const storageClasses: readonly string[] = ["standard", "fast-ssd"];

/** Creates the storage classes. Their volumes are made when a pod is scheduled, as most providers do. */
export async function addStorageClasses(api: KubeApi): Promise<void> {
  for (const name of storageClasses)
    await api.create("/apis/storage.k8s.io/v1/storageclasses", {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: {
        name,
        annotations: { "storageclass.kubernetes.io/is-default-class": String(name === storageClasses[0]) },
      },
      provisioner,
      volumeBindingMode: "WaitForFirstConsumer",
      allowVolumeExpansion: true,
    });
}

/** A volume that no process can use. */
const nowhere = (uid: string): object => ({ hostPath: { path: `/nonexistent/${uid}` } });

/** Creates a volume for each claim whose pod has a node. `sourceOf` returns the part of its spec that says where it is. Disposal ends it. */
export function startProvisioner(api: KubeApi, sourceOf: (uid: string) => object = nowhere): AsyncDisposable {
  const made = new Set<string>();
  return repeat(async () => {
    const claims = await api.list<IPersistentVolumeClaim>("/api/v1/persistentvolumeclaims?resourceVersion=0");
    for (const claim of claims) {
      const uid = claim.metadata?.uid ?? "";
      if (made.has(uid) || claim.spec?.volumeName || !claim.metadata?.annotations?.[selectedNode]) continue;
      await api.create("/api/v1/persistentvolumes", volumeFor(claim, sourceOf));
      made.add(uid);
    }
  });
}

function volumeFor({ metadata, spec }: IPersistentVolumeClaim, sourceOf: (uid: string) => object): object {
  const { uid = "", namespace, name } = metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: `pvc-${uid}`, annotations: { "pv.kubernetes.io/provisioned-by": provisioner } },
    spec: {
      capacity: { storage: spec?.resources?.requests?.storage },
      accessModes: spec?.accessModes,
      storageClassName: spec?.storageClassName,
      persistentVolumeReclaimPolicy: "Retain",
      ...sourceOf(uid),
      claimRef: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name, uid },
    },
  };
}
