{{/* The pod template of all services. Takes {root, services, service, env}; env holds the data of the service's ConfigMap. */}}
{{- define "pixelmesh.podTemplate" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $service := .service -}}
{{- $port := int $service.port -}}
{{- $hasGpu := and $service.gpu $service.gpu.enabled -}}
{{- $labels := dict "root" $root "component" $service.name "version" (include "pixelmesh.versionLabel" .) -}}
{{- $secrets := (include "pixelmesh.secrets" . | fromYaml).secrets -}}
{{- $mountsModels := and $service.traits.runsModels (ne $values.models.source "bundled") -}}
{{- $downloads := and $mountsModels (eq $values.models.source "download") -}}
metadata:
  labels:
    {{- include "pixelmesh.labels" $labels | nindent 4 }}
    pixelmesh.io/role: {{ $service.role }}
    {{- with mergeOverwrite (deepCopy $values.pod.labels) ($service.podLabels | default dict) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ .env | toYaml | sha256sum }}
    {{- with $values.pod.restartedFor }}
    pixelmesh.io/restarted-for: {{ . | quote }}
    {{- end }}
    {{- with mergeOverwrite (deepCopy $values.pod.annotations) ($service.podAnnotations | default dict) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "pixelmesh.fullname" $root }}
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
  {{- with $values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  securityContext:
    {{- include "pixelmesh.podSecurity" . | nindent 4 }}
  {{- with mergeOverwrite (deepCopy $values.pod.nodeSelector) (deepCopy (ternary $values.gpu.nodeSelector dict (not (not $hasGpu)))) ($service.nodeSelector | default dict) }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with concat $values.pod.tolerations (ternary $values.gpu.tolerations list (not (not $hasGpu))) ($service.tolerations | default list) }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $service.affinity | default $values.pod.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.pod.topologySpread }}
  topologySpreadConstraints:
    {{- range $key, $rule := . }}
    {{- if $rule }}
    - topologyKey: {{ $key }}
      maxSkew: {{ int $rule.maxSkew }}
      whenUnsatisfiable: {{ $rule.whenUnsatisfiable }}
      labelSelector:
        matchLabels:
          {{- include "pixelmesh.selectorLabels" $labels | nindent 10 }}
    {{- end }}
    {{- end }}
  {{- end }}
  {{- if $downloads }}
  initContainers:
    # Succeeds only if every file has the sha256 of its manifest entry.
    - name: models
      image: {{ include "pixelmesh.serviceImage" . }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args:
        - --pull-models={{ join "," $values.models.download.names }}
        {{- with $values.models.download.mirror }}
        - --from={{ . }}
        {{- end }}
      env:
        - name: PIXELMESH_MODELS_DIR
          value: /models
      resources:
        requests: { cpu: 100m, memory: 256Mi }
        limits: { memory: 512Mi }
      securityContext:
        {{- include "pixelmesh.containerSecurity" . | nindent 8 }}
      volumeMounts:
        - { name: models, mountPath: /models }
        - { name: tmp, mountPath: /tmp }
  {{- end }}
  containers:
    - name: {{ $service.role }}
      image: {{ include "pixelmesh.serviceImage" . }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      ports:
        - { name: {{ $service.traits.protocol }}, containerPort: {{ $port }} }
        - { name: health, containerPort: {{ add $port 100 }} }
        - { name: metrics, containerPort: {{ add $port 200 }} }
      envFrom:
        - configMapRef:
            name: {{ include "pixelmesh.fullname" $root }}-{{ $service.name }}
      env:
        - name: PIXELMESH_INSTANCE
          valueFrom: { fieldRef: { fieldPath: metadata.name } }
        - name: PIXELMESH_ADVERTISED_HOST
          valueFrom: { fieldRef: { fieldPath: status.podIP } }
      {{- $resources := deepCopy $service.resources }}
      {{- if $hasGpu }}
      {{- $resources = mergeOverwrite $resources (dict "limits" (dict $values.gpu.resourceName (int $service.gpu.count))) }}
      {{- end }}
      resources:
        {{- toYaml $resources | nindent 8 }}
      # The kubelet's gRPC probes use no TLS and need a port number, so health is plaintext on its own port.
      # Startup: everything is open and models are read. Readiness: {{ ternary "the broker is connected" "ingest has answered" $service.traits.usesBroker }}{{ if eq $service.role "scheduler" }}, as leader or standby{{ end }}. Liveness: the event loop runs.
      startupProbe:
        grpc: { port: {{ add $port 100 }}, service: startup }
        periodSeconds: 2
        timeoutSeconds: 3
        failureThreshold: 150
      readinessProbe:
        grpc: { port: {{ add $port 100 }}, service: {{ ternary "standby" "readiness" (eq $service.role "scheduler") }} }
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      livenessProbe:
        grpc: { port: {{ add $port 100 }}, service: liveness }
        periodSeconds: 20
        timeoutSeconds: 5
        failureThreshold: 3
      lifecycle:
        preStop:
          sleep: { seconds: {{ int $values.pod.preStopSeconds }} }
      securityContext:
        {{- include "pixelmesh.containerSecurity" . | nindent 8 }}
      volumeMounts:
        - { name: tmp, mountPath: /tmp }
        {{- if eq $service.role "storage" }}
        - { name: data, mountPath: /data }
        {{- end }}
        {{- if $mountsModels }}
        - { name: models, mountPath: /models, readOnly: true }
        {{- end }}
        {{- range $secrets }}
        - { name: {{ .name }}, mountPath: {{ .mountPath }}, readOnly: true }
        {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: {{ $service.scratchSize | default "1Gi" }}
    {{- if eq $service.role "storage" }}
    - name: data
      {{- if $service.persistence.enabled }}
      persistentVolumeClaim:
        claimName: {{ $service.persistence.existingClaim | default (printf "%s-%s" (include "pixelmesh.fullname" $root) $service.name) }}
      {{- else }}
      emptyDir:
        sizeLimit: {{ int $service.persistence.sizeGiB }}Gi
      {{- end }}
    {{- end }}
    {{- if $mountsModels }}
    {{- include "pixelmesh.modelsVolume" $root | nindent 4 }}
    {{- end }}
    {{- range $secrets }}
    - name: {{ .name }}
      secret:
        secretName: {{ .secretName }}
        defaultMode: 0440
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

{{- define "pixelmesh.modelsVolume" -}}
- name: models
{{- if eq .Values.models.source "image" }}
  {{- if semverCompare "<1.33.0-0" .Capabilities.KubeVersion.Version }}
  {{- fail (printf "Expected Kubernetes 1.33 or newer for `models.source: image`, got %s: take pvc or download" .Capabilities.KubeVersion.Version) }}
  {{- end }}
  image:
    reference: {{ include "pixelmesh.image" (dict "root" . "image" .Values.models.image "repository" (printf "%s%s" .Values.image.prefix .Values.models.image.repository) "tag" .Values.models.image.tag "for" "models") }}
    pullPolicy: {{ .Values.image.pullPolicy }}
{{- else if eq .Values.models.source "pvc" }}
  persistentVolumeClaim:
    claimName: {{ required "Expected `models.pvc.claimName` for `models.source: pvc`, got nothing" .Values.models.pvc.claimName }}
    readOnly: true
{{- else }}
  {{- if not .Values.models.download.names }}
  {{- fail "Expected `models.download.names` for `models.source: download`, got none" }}
  {{- end }}
  emptyDir:
    sizeLimit: {{ .Values.models.download.sizeLimit }}
{{- end }}
{{- end -}}
