{{- define "nats.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- .Values.fullnameOverride | default (ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name)) -}}
{{- end -}}

{{/* Takes {root, component}. */}}
{{- define "nats.labels" -}}
app.kubernetes.io/name: {{ .root.Values.nameOverride | default .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* An object overridden by `merge`, as the official chart does. Takes {text, merge}. */}}
{{- define "nats.merged" -}}
{{- mergeOverwrite (fromYaml .text) (deepCopy (.merge | default dict)) | toYaml -}}
{{- end -}}
