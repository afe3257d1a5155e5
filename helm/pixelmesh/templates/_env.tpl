{{/* A service's settings, except those that differ by pod. Takes {root, services, service}. */}}
{{- define "pixelmesh.env" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $service := .service -}}
{{- $area := upper $service.role -}}
{{- $port := int $service.port -}}
{{- $env := dict -}}
{{- if $service.traits.usesBroker -}}
{{- $env = include "pixelmesh.brokerEnv" $root | fromYaml -}}
{{- end -}}
{{- $_ := set $env "PIXELMESH_HOST" "0.0.0.0" -}}
{{- $_ := set $env (printf "PIXELMESH_%s_%s_PORT" $area (upper $service.traits.protocol)) (toString $port) -}}
{{- $_ := set $env (printf "PIXELMESH_%s_HEALTH_PORT" $area) (toString (add $port 100)) -}}
{{- $_ := set $env (printf "PIXELMESH_%s_METRICS_PORT" $area) (toString (add $port 200)) -}}
{{- $_ := set $env "PIXELMESH_LOG_LEVEL" $values.pod.logLevel -}}
{{- $_ := set $env "PIXELMESH_STOP_GRACE" (printf "%ds" (int $service.longestStepSeconds)) -}}
{{- $_ := set $env "PIXELMESH_VERSION_LABEL" (include "pixelmesh.versionLabel" .) -}}
{{- with $values.monitoring.otlpEndpoint -}}
{{- $_ := set $env "OTEL_EXPORTER_OTLP_ENDPOINT" . -}}
{{- $_ := set $env "PIXELMESH_TRACES_KEPT" $values.monitoring.tracesKept -}}
{{- end -}}
{{- range $role := $service.traits.calls -}}
{{- if ne $role $service.role -}}
{{- with include "pixelmesh.address" (dict "root" $root "services" $.services "role" $role) -}}
{{- $_ := set $env (printf "PIXELMESH_%s_ADDRESS" (upper $role)) . -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $service.traits.takesSteps -}}
{{- $_ := set $env "PIXELMESH_SCRATCH_DIR" "/tmp" -}}
{{- end -}}
{{- if and $service.traits.runsModels (ne $values.models.source "bundled") -}}
{{- $_ := set $env "PIXELMESH_MODELS_DIR" "/models" -}}
{{- end -}}
{{- if and $service.gpu $service.gpu.enabled -}}
{{- $_ := set $env (printf "PIXELMESH_%s_PROVIDERS" $area) "cuda" -}}
{{- $_ := set $env "NVIDIA_DRIVER_CAPABILITIES" "compute,utility" -}}
{{- end -}}
{{- if eq $service.role "storage" -}}
{{- $_ := set $env "PIXELMESH_STORAGE_DIR" "/data/blobs" -}}
{{- with dig "cold" "url" "" $service -}}
{{- $_ := set $env "PIXELMESH_STORAGE_COLD" . -}}
{{- end -}}
{{- $_ := set $env "PIXELMESH_STORAGE_MAX" (printf "%dMiB" (div (mul (int $service.persistence.sizeGiB) 1024 9) 10)) -}}
{{- end -}}
{{- with $values.tls -}}
{{- if .secretName -}}
{{- $_ := set $env "PIXELMESH_TLS_CERT_FILE" (printf "/etc/pixelmesh/tls/%s" .certKey) -}}
{{- $_ := set $env "PIXELMESH_TLS_KEY_FILE" (printf "/etc/pixelmesh/tls/%s" .keyKey) -}}
{{- $_ := set $env "PIXELMESH_TLS_SERVER_NAME" .serverName -}}
{{- $_ := set $env "PIXELMESH_TLS_CA_FILE" (printf "/etc/pixelmesh/tls/%s" .caKey) -}}
{{- end -}}
{{- end -}}
{{- if eq $service.role "remote" -}}
{{- $_ := set $env "PIXELMESH_REMOTE_MANIFEST" (printf "/etc/pixelmesh/manifest/%s" $service.manifest.key) -}}
{{- end -}}
{{- if eq $service.role "ingest" -}}
{{- range (include "pixelmesh.ingestSecrets" $root | fromYaml).secrets -}}
{{- $_ := set $env .variable (printf "%s/%s" .mountPath .key) -}}
{{- end -}}
{{- end -}}
{{- $settings := $root.Files.Get "files/settings.json" | fromJson -}}
{{- $known := get $settings $service.role -}}
{{- range $name, $value := $values.env -}}
{{- if has $name $known -}}{{- $_ := set $env $name $value -}}{{- end -}}
{{- $anywhere := false -}}
{{- range $list := $settings -}}{{- if has $name $list -}}{{- $anywhere = true -}}{{- end -}}{{- end -}}
{{- if not $anywhere -}}{{- fail (printf "Expected `env` to have settings of Pixelmesh (docs/reference/settings.md), got `%s`" $name) -}}{{- end -}}
{{- end -}}
{{- range $name, $value := ($service.env | default dict) -}}
{{- if and (hasPrefix "PIXELMESH_" $name) (not (has $name $known)) -}}
{{- fail (printf "Expected `services.%s.env` to have settings of %s, got `%s`; it has %s" $service.name $service.role $name (join ", " $known)) -}}
{{- end -}}
{{- $_ := set $env $name $value -}}
{{- end -}}
{{- $env | toYaml -}}
{{- end -}}

{{/* The secrets that a service mounts, as [{name, secretName, mountPath}]. Takes {root, service}. */}}
{{- define "pixelmesh.secrets" -}}
{{- $values := .root.Values -}}
{{- $secrets := list -}}
{{- if .service.traits.usesBroker -}}
{{- $secrets = (include "pixelmesh.brokerSecrets" .root | fromYaml).secrets | default list -}}
{{- end -}}
{{- with (.service.tlsSecretName | default $values.tls.secretName) -}}
{{- if $values.tls.secretName -}}
{{- $secrets = append $secrets (dict "name" "tls" "secretName" . "mountPath" "/etc/pixelmesh/tls") -}}
{{- end -}}
{{- end -}}
{{- if eq .service.role "ingest" -}}
{{- $secrets = concat $secrets (include "pixelmesh.ingestSecrets" .root | fromYaml).secrets -}}
{{- end -}}
{{- range $i, $name := .service.credentialSecrets -}}
{{- $secrets = append $secrets (dict "name" (printf "credentials-%d" $i) "secretName" $name "mountPath" (printf "/etc/pixelmesh/credentials/%s" $name)) -}}
{{- end -}}
{{- dict "secrets" $secrets | toYaml -}}
{{- end -}}

{{/* The secrets that only ingest reads, as [{name, secretName, mountPath, key, variable}]. */}}
{{- define "pixelmesh.ingestSecrets" -}}
{{- $variables := dict "apiTokens" "PIXELMESH_API_TOKENS_FILE" "operatorTokens" "PIXELMESH_OPERATOR_TOKENS_FILE" "callbackSecrets" "PIXELMESH_INGEST_CALLBACK_SECRETS_FILE" -}}
{{- $secrets := list -}}
{{- range $field, $variable := $variables -}}
{{- $given := get $.Values $field -}}
{{- if $given.secretName -}}
{{- $name := kebabcase $field -}}
{{- $secrets = append $secrets (dict "name" $name "secretName" $given.secretName "mountPath" (printf "/etc/pixelmesh/%s" $name) "key" $given.key "variable" $variable) -}}
{{- end -}}
{{- end -}}
{{- dict "secrets" $secrets | toYaml -}}
{{- end -}}
