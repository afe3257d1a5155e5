import type { IService } from "kubernetes-models/v1/Service";
import type { KubeApi } from "../control-plane/kube-api.ts";
import { repeat } from "./repeat.ts";

/** Gives every Service of the type LoadBalancer an address, as a cloud's controller does: helm waits for it. Disposal ends it. */
export function startLoadBalancers(api: KubeApi): AsyncDisposable {
  return repeat(async () => {
    for (const { metadata, spec, status } of await api.list<IService>("/api/v1/services?resourceVersion=0")) {
      if (spec?.type !== "LoadBalancer" || status?.loadBalancer?.ingress?.length) continue;
      const path = `/api/v1/namespaces/${metadata?.namespace}/services/${metadata?.name}/status`;
      await api.patch(path, { status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } } });
    }
  });
}
