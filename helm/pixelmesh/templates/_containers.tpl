{{/* `initContainers` and `containers` of a service's pod. Takes what podTemplate takes. */}}
{{- define "pixelmesh.podContainers" -}}
{{- $root := .root -}}
{{- $values := $root.Values -}}
{{- $service := .service -}}
{{- $port := int $service.port -}}
{{- $image := include "pixelmesh.serviceImage" . -}}
{{- $downloads := and $service.traits.runsModels (eq $values.models.source "download") -}}
{{- $taken := list $service.role "models" -}}
{{- $first := (include "pixelmesh.extraContainers" (dict "root" $root "service" $service "field" "extraInitContainers" "taken" $taken) | fromYaml).items -}}
{{- $beside := (include "pixelmesh.extraContainers" (dict "root" $root "service" $service "field" "extraContainers" "taken" $taken) | fromYaml).items -}}
{{- if or $downloads $first }}
initContainers:
  {{- if $downloads }}
  # Succeeds only if every file has the sha256 of its manifest entry.
  - name: models
    image: {{ $image }}
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
      {{- include "pixelmesh.containerSecurity" . | nindent 6 }}
    volumeMounts:
      - { name: models, mountPath: /models }
      - { name: tmp, mountPath: /tmp }
  {{- end }}
  {{- with $first }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
containers:
  - name: {{ $service.role }}
    image: {{ $image }}
    imagePullPolicy: {{ $values.image.pullPolicy }}
    ports:
      - { name: {{ $service.traits.protocol }}, containerPort: {{ $port }} }
      - { name: health, containerPort: {{ add $port 100 }} }
      - { name: metrics, containerPort: {{ add $port 200 }} }
    envFrom:
      - configMapRef:
          name: {{ include "pixelmesh.fullname" $root }}-{{ $service.name }}
      {{- range (include "pixelmesh.extras" (dict "root" $root "service" $service "field" "extraEnvFrom" "key" "name") | fromYaml).items }}
      - {{ omit . "name" | toYaml | nindent 8 | trim }}
      {{- end }}
    env:
      {{- (include "pixelmesh.containerEnv" (dict "root" $root "service" $service) | fromYaml).items | toYaml | nindent 6 }}
    resources:
      {{- include "pixelmesh.serviceResources" (dict "root" $root "service" $service) | nindent 6 }}
    # The kubelet's gRPC probes use no TLS and need a port number, so health is plaintext on its own port.
    # Startup: the process answers (it waits for the broker as long as that takes). Readiness: {{ ternary "the broker is connected" "ingest has answered" $service.traits.usesBroker }}{{ if eq $service.role "scheduler" }}, as leader or standby{{ end }}. Liveness: the event loop runs.
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
      {{- include "pixelmesh.containerSecurity" . | nindent 6 }}
    volumeMounts:
      {{- include "pixelmesh.serviceMounts" . | nindent 6 }}
  {{- with $beside }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* The resources of a service's container, with its GPUs. Takes {root, service}. */}}
{{- define "pixelmesh.serviceResources" -}}
{{- $gpu := .service.gpu | default dict -}}
{{- $resources := deepCopy .service.resources -}}
{{- if $gpu.enabled -}}
{{- if include "pixelmesh.gpuClaim" . -}}
{{- $_ := set $resources "claims" (list (dict "name" "gpu")) -}}
{{- else -}}
{{- $_ := set $resources.limits ($gpu.resourceName | default .root.Values.gpu.resourceName) (int $gpu.count) -}}
{{- end -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}
