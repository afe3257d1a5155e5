{{/*
The table of roles, {role: {port, protocol, usesBroker, calls, takesSteps, runsModels}}, generated from libs/roles. Addresses, network policies, queues
and mounts follow from it. Takes the root.
*/}}
{{- define "pixelmesh.roles" -}}
{{- .Files.Get "files/roles.json" -}}
{{- end -}}

{{/* Every enabled service by its name: its own values over those of its role. `traits` is its role's row of the table. Fails on faults that the schema cannot express. */}}
{{- define "pixelmesh.services" -}}
{{- $roles := include "pixelmesh.roles" . | fromJson -}}
{{- $services := dict -}}
{{- range $name, $given := .Values.services -}}
{{- if $given -}}
{{- $role := $given.role | default $name -}}
{{- if not (hasKey $roles $role) -}}
{{- fail (printf "Expected `services.%s.role` to be one of %s, got `%s`" $name (keys $roles | sortAlpha | join ", ") $role) -}}
{{- end -}}
{{- $base := get $.Values.services $role | default dict -}}
{{- $service := deepCopy $base -}}
{{- include "pixelmesh.overlay" (list $service (deepCopy $given)) -}}
{{- include "pixelmesh.overlay" (list $service (dict "role" $role "name" $name "traits" (get $roles $role))) -}}
{{- if ne (toString $service.enabled) "false" -}}
{{- range $needed := list "port" "replicas" "longestStepSeconds" "resources" -}}
{{- if not (hasKey $service $needed) -}}{{- fail (printf "Expected `services.%s.%s`, got nothing" $name $needed) -}}{{- end -}}
{{- end -}}
{{- if and (eq $role "storage") (gt (int $service.replicas) 1) (not (dig "cold" "url" "" $service)) -}}
{{- fail (printf "Expected `services.%s.cold.url` to name a shared store for several replicas, or `replicas` to be 0 or 1, got `%d` replicas and no store" $name (int $service.replicas)) -}}
{{- end -}}
{{- if and (eq $role "remote") (ne (toString $service.enabled) "false") (not (dig "manifest" "configMapName" "" $service)) -}}
{{- fail (printf "Expected `services.%s.manifest.configMapName` to name a ConfigMap with the manifest of hosted models, got nothing" $name) -}}
{{- end -}}
{{- if and (eq $role "scheduler") (ne ($service.kind | default "Deployment") "StatefulSet") -}}
{{- fail (printf "Expected `services.%s.kind` to be `StatefulSet`: workers know schedulers by their pods' names, got `%s`" $name $service.kind) -}}
{{- end -}}
{{- $_ := set $services $name $service -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $services | toYaml -}}
{{- end -}}

{{/* Whether an autoscaler sets the replicas. Takes {root, service}. */}}
{{- define "pixelmesh.isScaled" -}}
{{- $scaling := .service.autoscaling | default dict -}}
{{- if and (ne .root.Values.autoscaling.mode "none") $scaling.maxReplicas (ne (toString $scaling.enabled) "false") (eq (.service.kind | default "Deployment") "Deployment") -}}
true
{{- end -}}
{{- end -}}

{{/* The maximum number of replicas of a service. Takes {root, service}. */}}
{{- define "pixelmesh.mostReplicas" -}}
{{- if include "pixelmesh.isScaled" . -}}{{- int .service.autoscaling.maxReplicas -}}{{- else -}}{{- int .service.replicas -}}{{- end -}}
{{- end -}}

{{/*
The address of a role: a headless service, whose pods the caller takes in turn; of schedulers one address for each pod; empty for a
worker that is not enabled. Takes {root, services, role}.
*/}}
{{- define "pixelmesh.address" -}}
{{- $root := .root -}}
{{- $target := get .services .role -}}
{{- if not (or $target (get (get (include "pixelmesh.roles" $root | fromJson) .role) "takesSteps")) -}}
{{- fail (printf "Expected `services.%s` to be enabled: no job is done without it" .role) -}}
{{- end -}}
{{- if $target -}}
{{- $service := printf "%s-%s" (include "pixelmesh.fullname" $root) $target.name -}}
{{- $port := int $target.port -}}
{{- if eq .role "scheduler" -}}
{{- $all := list -}}
{{- range $i := until (int $target.replicas) -}}
{{- $all = append $all (printf "dns:///%s-%d.%s:%d" $service $i $service $port) -}}
{{- end -}}
{{- join "," $all -}}
{{- else -}}
{{- printf "dns:///%s:%d" $service $port -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Whether a storage service's directory is a cache of each pod, not the store: several replicas on one shared store. Takes the service. */}}
{{- define "pixelmesh.isStorageCache" -}}
{{- if and (dig "cold" "url" "" .) (gt (int .replicas) 1) -}}true{{- end -}}
{{- end -}}

{{/* The longest time that a pod takes to stop, in seconds: callers notice, steps end, then direct calls, then hosts and connections close. */}}
{{- define "pixelmesh.graceSeconds" -}}
{{- $waits := ternary 2 1 (not (not .service.traits.takesSteps)) -}}
{{- add (int .root.Values.pod.preStopSeconds) (mul $waits (int .service.longestStepSeconds)) 30 -}}
{{- end -}}
