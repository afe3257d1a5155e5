{{/* The name of the claim template by which a service gets its GPUs; nothing if it takes them as a resource. Takes {root, service}. */}}
{{- define "pixelmesh.gpuClaim" -}}
{{- $gpu := .service.gpu | default dict -}}
{{- $claim := $gpu.claim | default dict -}}
{{- if $gpu.enabled -}}
{{- if $claim.templateName -}}
{{- $claim.templateName -}}
{{- else if $claim.deviceClassName -}}
{{- printf "%s-%s-gpu" (include "pixelmesh.fullname" .root) .service.name -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What a service's GPUs are counted by: the resource, the device class, or your own claim template. Takes {root, service}. */}}
{{- define "pixelmesh.gpuKind" -}}
{{- $gpu := .service.gpu -}}
{{- $claim := $gpu.claim | default dict -}}
{{- $claim.templateName | default $claim.deviceClassName | default $gpu.resourceName | default .root.Values.gpu.resourceName -}}
{{- end -}}

{{/* Fails if the services with GPUs can take more of a kind than there is, at their maximum replicas. Takes {root, services}. */}}
{{- define "pixelmesh.refuseTooManyGpus" -}}
{{- $root := .root -}}
{{- $wanted := dict -}}
{{- $takers := dict -}}
{{- range $name, $service := .services -}}
{{- if and $service.gpu $service.gpu.enabled -}}
{{- $kind := include "pixelmesh.gpuKind" (dict "root" $root "service" $service) -}}
{{- $most := include "pixelmesh.mostReplicas" (dict "root" $root "service" $service) | int -}}
{{- $_ := set $wanted $kind (add (get $wanted $kind | default 0) (mul $most (int $service.gpu.count))) -}}
{{- $_ := set $takers $kind (append (get $takers $kind | default list) (printf "%s %d×%d" $name $most (int $service.gpu.count))) -}}
{{- end -}}
{{- end -}}
{{- range $kind, $count := $wanted -}}
{{- $isDefault := eq $kind $root.Values.gpu.resourceName -}}
{{- $field := ternary "gpu.capacity" (printf "gpu.capacityOf[%s]" $kind) $isDefault -}}
{{- $capacity := ternary $root.Values.gpu.capacity (get $root.Values.gpu.capacityOf $kind | default 0) $isDefault | int -}}
{{- if gt (int $count) $capacity -}}
{{- fail (printf "Expected `%s` to be what services take at their most replicas, %d of %s (%s), got `%d`: raise it to what the cluster has, or lower `autoscaling.maxReplicas`" $field (int $count) $kind (join ", " (get $takers $kind)) $capacity) -}}
{{- end -}}
{{- end -}}
{{- end -}}
