{{/* The pod template of all services. Takes {root, services, service, env}; env holds the data of the service's ConfigMap. */}}
{{- define "pixelmesh.podTemplate" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $service := .service -}}
{{- $hasGpu := and $service.gpu $service.gpu.enabled -}}
{{- $labels := include "pixelmesh.labels" (dict "root" $root "component" $service.name "version" (include "pixelmesh.versionLabel" .)) | fromYaml -}}
{{- $_ := set $labels "pixelmesh.io/role" $service.role -}}
{{- $annotations := dict -}}
{{- with $values.pod.restartedFor -}}{{- $_ := set $annotations "pixelmesh.io/restarted-for" . -}}{{- end -}}
metadata:
  labels:
    {{- include "pixelmesh.withOwn" (dict "own" $labels "maps" (list $values.pod.labels $service.podLabels)) | nindent 4 }}
  annotations:
    checksum/config: {{ .env | toYaml | sha256sum }}
    {{- with include "pixelmesh.withOwn" (dict "own" $annotations "maps" (list $values.pod.annotations $service.podAnnotations)) | trim }}
    {{- if ne . "{}" }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- end }}
spec:
  serviceAccountName: {{ include "pixelmesh.serviceAccountName" $root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  # preStop + longest step{{ if $service.traits.takesSteps }} twice (queued steps, then direct calls){{ end }} + time to close
  terminationGracePeriodSeconds: {{ include "pixelmesh.graceSeconds" . }}
  {{- $priorityClassName := $service.priorityClassName | default $values.pod.priorityClassName }}
  {{- if and (not $priorityClassName) $values.priorityClass.create }}
  {{- $priorityClassName = include "pixelmesh.fullname" $root }}
  {{- end }}
  {{- with $priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- if and $hasGpu $values.gpu.runtimeClassName }}
  runtimeClassName: {{ $values.gpu.runtimeClassName }}
  {{- end }}
  {{- with include "pixelmesh.pullSecrets" $root }}
  {{- . | nindent 2 }}
  {{- end }}
  securityContext:
    {{- include "pixelmesh.podSecurity" . | nindent 4 }}
  {{- with mergeOverwrite (deepCopy $values.pod.nodeSelector) (deepCopy (ternary $values.gpu.nodeSelector dict (not (not $hasGpu)))) ($service.nodeSelector | default dict) }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with concat $values.pod.tolerations (ternary $values.gpu.tolerations list (not (not $hasGpu))) ($service.tolerations | default list) | uniq }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $service.affinity | default $values.pod.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "pixelmesh.topologySpread" (dict "root" $root "service" $service) }}
  topologySpreadConstraints:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with include "pixelmesh.gpuClaim" (dict "root" $root "service" $service) }}
  resourceClaims:
    - name: gpu
      resourceClaimTemplateName: {{ . }}
  {{- end }}
  {{- include "pixelmesh.podContainers" . | nindent 2 }}
  {{- include "pixelmesh.podVolumes" . | nindent 2 }}
{{- end -}}

{{/* Labels or annotations: maps of users, each over those before, and the chart's own over all. Takes {own, maps}. */}}
{{- define "pixelmesh.withOwn" -}}
{{- $all := dict -}}
{{- range append .maps .own -}}
{{- range $name, $value := . -}}{{- $_ := set $all $name $value -}}{{- end -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}

{{/*
The spread of a service's pods: `pod.topologySpread`, and over it the service's own, by topology key. Nodes that its pods do not
tolerate do not count as places, and pods of an earlier revision do not count as neighbours. Services with a GPU only prefer a spread:
the scheduler counts zones without GPUs as empty places, and with DoNotSchedule pods would wait for a GPU there. Takes {root, service}.
*/}}
{{- define "pixelmesh.topologySpread" -}}
{{- $service := .service -}}
{{- $hasGpu := and $service.gpu $service.gpu.enabled -}}
{{- $own := $service.topologySpread | default dict -}}
{{- $rules := deepCopy .root.Values.pod.topologySpread -}}
{{- range $key, $rule := $own -}}{{- $_ := set $rules $key $rule -}}{{- end -}}
{{- range $key, $rule := $rules }}
{{- if $rule }}
- topologyKey: {{ $key }}
  maxSkew: {{ int $rule.maxSkew }}
  whenUnsatisfiable: {{ ternary "ScheduleAnyway" $rule.whenUnsatisfiable (and $hasGpu (not (hasKey $own $key)) | not | not) }}
  nodeTaintsPolicy: Honor
  {{- if ne ($service.kind | default "Deployment") "StatefulSet" }}
  matchLabelKeys: [pod-template-hash]
  {{- end }}
  labelSelector:
    matchLabels:
      {{- include "pixelmesh.selectorLabels" (dict "root" $.root "component" $service.name) | nindent 6 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The restricted Pod Security Standard; mounted secrets are readable by our group. */}}
{{- define "pixelmesh.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "pixelmesh.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}
