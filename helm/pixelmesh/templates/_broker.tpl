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
PIXELMESH_NATS_URL: {{ join "," $broker.urls | quote }}
PIXELMESH_NATS_REPLICAS: {{ int $broker.replicas | quote }}
PIXELMESH_NATS_ACK_WAIT: {{ .Values.broker.ackWait | quote }}
{{- with .Values.broker.credsSecret.name }}
PIXELMESH_NATS_CREDS_FILE: /etc/pixelmesh/nats-creds/{{ $.Values.broker.credsSecret.key }}
{{- end }}
{{- with .Values.broker.tls }}
{{- if .secretName }}
PIXELMESH_NATS_TLS_CA_FILE: /etc/pixelmesh/nats-tls/{{ .caKey }}
{{- if .clientCertificate }}
PIXELMESH_NATS_TLS_CERT_FILE: /etc/pixelmesh/nats-tls/{{ .certKey }}
PIXELMESH_NATS_TLS_KEY_FILE: /etc/pixelmesh/nats-tls/{{ .keyKey }}
{{- end }}
{{- end }}
{{- end }}
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
