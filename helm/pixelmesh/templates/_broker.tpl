{{/* The broker of this release: {urls, replicas, monitoring}. Fails without exactly one broker. */}}
{{- define "pixelmesh.broker" -}}
{{- $subchart := .Values.nats.enabled -}}
{{- if and $subchart .Values.broker.urls -}}
{{- fail "Expected one broker, got both `nats.enabled` and `broker.urls`" -}}
{{- end -}}
{{- if not (or $subchart .Values.broker.urls) -}}
{{- fail "Expected a broker: `broker.urls` of your own NATS, such as [nats://nats.nats.svc:4222], or `nats.enabled: true`" -}}
{{- end -}}
{{- if $subchart -}}
{{- if not (hasKey .Subcharts "nats") -}}
{{- fail "Expected the NATS chart inside this chart for `nats.enabled: true`, got none: a checkout has none. Install the package of `make chart`, or name your own NATS in `broker.urls`" -}}
{{- end -}}
{{- $name := .Values.nats.fullnameOverride | default (ternary .Release.Name (printf "%s-nats" .Release.Name) (contains "nats" .Release.Name)) -}}
{{- $cluster := .Values.nats.config.cluster -}}
urls: [{{ printf "nats://%s:4222" $name | quote }}]
replicas: {{ ternary (min 3 (int $cluster.replicas)) 1 $cluster.enabled }}
monitoring: {{ printf "%s-headless.%s.svc.cluster.local:8222" $name .Release.Namespace | quote }}
{{- else -}}
urls: {{ .Values.broker.urls | toJson }}
replicas: {{ int .Values.broker.replicas }}
monitoring: {{ .Values.autoscaling.keda.natsMonitoringEndpoint | quote }}
{{- end -}}
{{- end -}}

{{/* Settings of the connection to the broker, the same for every service and for the provisioning Job. */}}
{{- define "pixelmesh.brokerEnv" -}}
{{- $broker := include "pixelmesh.broker" . | fromYaml -}}
{{- $owner := .Values.broker.owner | default (printf "%s/%s" .Release.Namespace (include "pixelmesh.fullname" .)) -}}
{{- $env := dict "PIXELMESH_NATS_URL" (join "," $broker.urls) "PIXELMESH_NATS_REPLICAS" (toString (int $broker.replicas)) "PIXELMESH_NATS_ACK_WAIT" .Values.broker.ackWait "PIXELMESH_NATS_OWNER" $owner -}}
{{- with .Values.broker.credsSecret.name -}}
{{- $_ := set $env "PIXELMESH_NATS_CREDS_FILE" (printf "/etc/pixelmesh/nats-creds/%s" $.Values.broker.credsSecret.key) -}}
{{- end -}}
{{- with .Values.broker.tls -}}
{{- if .secretName -}}
{{- $_ := set $env "PIXELMESH_NATS_TLS_CA_FILE" (printf "/etc/pixelmesh/nats-tls/%s" .caKey) -}}
{{- if .clientCertificate -}}
{{- $_ := set $env "PIXELMESH_NATS_TLS_CERT_FILE" (printf "/etc/pixelmesh/nats-tls/%s" .certKey) -}}
{{- $_ := set $env "PIXELMESH_NATS_TLS_KEY_FILE" (printf "/etc/pixelmesh/nats-tls/%s" .keyKey) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := .Values.env -}}
{{- if hasPrefix "PIXELMESH_NATS_" $name -}}{{- $_ := set $env $name $value -}}{{- end -}}
{{- end -}}
{{- toYaml $env -}}
{{- end -}}

{{/* The secrets of the connection to the broker, as [{name, secretName, mountPath}]. */}}
{{- define "pixelmesh.brokerSecrets" -}}
{{- $secrets := list -}}
{{- with .Values.broker.credsSecret.name -}}
{{- $secrets = append $secrets (dict "name" "nats-creds" "secretName" . "mountPath" "/etc/pixelmesh/nats-creds") -}}
{{- end -}}
{{- with .Values.broker.tls.secretName -}}
{{- $secrets = append $secrets (dict "name" "nats-tls" "secretName" . "mountPath" "/etc/pixelmesh/nats-tls") -}}
{{- end -}}
{{- dict "secrets" $secrets | toYaml -}}
{{- end -}}

{{/*
Fails if the NATS of this release has no durable store, or one that is smaller than the bounds of all streams: JetStream then refuses
streams, and no service starts. A tenth is left to the file system. Takes {root, name, env}: a service's settings.
*/}}
{{- define "pixelmesh.refuseSmallStore" -}}
{{- $root := .root -}}
{{- if $root.Values.nats.enabled -}}
{{- $jetstream := $root.Values.nats.config.jetstream -}}
{{- $store := $jetstream.fileStore | default dict -}}
{{- if not (and $jetstream.enabled (ne (toString $store.enabled) "false")) -}}
{{- fail "Expected `nats.config.jetstream.enabled` and its `fileStore.enabled` to be true: jobs are kept there, got false" -}}
{{- end -}}
{{- $claim := $store.pvc | default dict -}}
{{- $size := toString ($store.maxSize | default $claim.size) -}}
{{- $has := include "pixelmesh.mebibytes" $size | int64 -}}
{{- $bound := get .env "PIXELMESH_NATS_STORE_MAX" | default ($root.Files.Get "files/store-max.txt" | trim) -}}
{{- $needs := include "pixelmesh.mebibytes" $bound | int64 -}}
{{- if lt (mul $has 9) (mul $needs 10) -}}
{{- fail (printf "Expected `nats.config.jetstream.fileStore.pvc.size` to be at least 10/9 of PIXELMESH_NATS_STORE_MAX of %s, %s, got `%s`: enlarge the claim, or lower the bound in `env`" .name $bound $size) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* An amount such as 20Gi (Kubernetes) or 4GiB (our settings) in MiB, rounded down; 0 if it cannot be read. */}}
{{- define "pixelmesh.mebibytes" -}}
{{- $number := regexFind "^[0-9]+(\\.[0-9]+)?" . | float64 -}}
{{- $unit := regexReplaceAll "^[0-9.]+ *" . "" -}}
{{- $bytes := get (dict "" 1.0 "B" 1.0 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024.0 "KiB" 1024.0 "Mi" 1048576.0 "MiB" 1048576.0 "Gi" 1073741824.0 "GiB" 1073741824.0 "Ti" 1099511627776.0 "TiB" 1099511627776.0 "kB" 1e3 "MB" 1e6 "GB" 1e9 "TB" 1e12) $unit | default 0.0 -}}
{{- divf (mulf $number $bytes) 1048576.0 | floor | int64 -}}
{{- end -}}
