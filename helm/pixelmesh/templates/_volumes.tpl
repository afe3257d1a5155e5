{{/* The mounts of a service's container. Takes {root, service}. */}}
{{- define "pixelmesh.serviceMounts" -}}
{{- $paths := list "/tmp" "/data" "/models" -}}
- { name: tmp, mountPath: /tmp }
{{- if eq .service.role "storage" }}
- { name: data, mountPath: /data }
{{- end }}
{{- if and .service.traits.runsModels (ne .root.Values.models.source "bundled") }}
- { name: models, mountPath: /models, readOnly: true }
{{- end }}
{{- if eq .service.role "remote" }}
{{- $paths = append $paths "/etc/pixelmesh/manifest" }}
- { name: manifest, mountPath: /etc/pixelmesh/manifest, readOnly: true }
{{- end }}
{{- range (include "pixelmesh.secrets" . | fromYaml).secrets }}
{{- $paths = append $paths .mountPath }}
- { name: {{ .name }}, mountPath: {{ .mountPath }}, readOnly: true }
{{- end }}
{{- with (include "pixelmesh.extras" (dict "root" .root "service" .service "field" "extraVolumeMounts" "key" "mountPath" "taken" $paths) | fromYaml).items }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* `volumes` of a service's pod. Takes {root, service}. */}}
{{- define "pixelmesh.podVolumes" -}}
{{- $root := .root -}}
{{- $service := .service -}}
{{- $taken := list "tmp" "data" "models" -}}
volumes:
  - name: tmp
    emptyDir:
      sizeLimit: {{ $service.scratchSize | default "1Gi" }}
  {{- if eq $service.role "storage" }}
  - name: data
    {{- if and $service.persistence.enabled (not (include "pixelmesh.isStorageCache" $service)) }}
    persistentVolumeClaim:
      claimName: {{ $service.persistence.existingClaim | default (printf "%s-%s" (include "pixelmesh.fullname" $root) $service.name) }}
    {{- else }}
    emptyDir:
      sizeLimit: {{ int $service.persistence.sizeGiB }}Gi
    {{- end }}
  {{- end }}
  {{- if and $service.traits.runsModels (ne $root.Values.models.source "bundled") }}
  {{- include "pixelmesh.modelsVolume" $root | nindent 2 }}
  {{- end }}
  {{- if eq $service.role "remote" }}
  {{- $taken = append $taken "manifest" }}
  - name: manifest
    configMap:
      name: {{ $service.manifest.configMapName }}
      items: [{ key: {{ $service.manifest.key }}, path: {{ $service.manifest.key }} }]
  {{- end }}
  {{- range (include "pixelmesh.secrets" . | fromYaml).secrets }}
  {{- $taken = append $taken .name }}
  - name: {{ .name }}
    secret:
      secretName: {{ .secretName }}
      defaultMode: 0440
  {{- end }}
  {{- with (include "pixelmesh.extras" (dict "root" $root "service" $service "field" "extraVolumes" "key" "name" "taken" $taken) | fromYaml).items }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
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
