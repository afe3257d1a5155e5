{{/* The labels of the pods of the NATS chart inside. */}}
{{- define "pixelmesh.brokerPods" -}}
app.kubernetes.io/name: {{ .Values.nats.nameOverride | default "nats" }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: nats
{{- end -}}

{{/* Egress to name servers, and to the broker if there is one. Takes {root, broker}. */}}
{{- define "pixelmesh.commonEgress" -}}
{{- $policy := .root.Values.networkPolicy -}}
- to:
    {{- toYaml $policy.dns | nindent 4 }}
  ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]
{{- if .broker }}
{{- $ports := list }}
{{- range .broker.urls }}{{- $ports = append $ports (regexFind ":[0-9]+$" (urlParse .).host | trimPrefix ":" | default "4222") }}{{- end }}
- ports:
    {{- range uniq $ports }}
    - { port: {{ . }}, protocol: TCP }
    {{- end }}
  {{- if .root.Values.nats.enabled }}
  to:
    - podSelector:
        matchLabels:
          {{- include "pixelmesh.brokerPods" .root | nindent 10 }}
  {{- else if $policy.broker }}
  to:
    {{- toYaml $policy.broker | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}
