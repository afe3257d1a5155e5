{{/* Names and labels. Selectors consist of name, instance and component. They must never change, because Kubernetes does not allow that in place. */}}
{{- define "pixelmesh.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "pixelmesh.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* Takes {root, component}. */}}
{{- define "pixelmesh.selectorLabels" -}}
app.kubernetes.io/name: {{ include "pixelmesh.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Takes {root, component, version?}. */}}
{{- define "pixelmesh.labels" -}}
{{ include "pixelmesh.selectorLabels" . }}
app.kubernetes.io/part-of: pixelmesh
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .version | default .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- end -}}

{{/* An image reference. Takes {root, image, repository, tag, for}. `digest` has precedence over `tag`, `fullImageName` over both. */}}
{{- define "pixelmesh.image" -}}
{{- $image := .image | default dict -}}
{{- $root := .root -}}
{{- $result := "" -}}
{{- if $image.fullImageName -}}
{{- $result = $image.fullImageName -}}
{{- else -}}
{{- $registry := $root.Values.global.imageRegistry | default $root.Values.image.registry -}}
{{- if not $registry -}}
{{- fail "Expected `image.registry` to name where you pushed the images of `make images` (docs/how-to/build-images.md), got nothing" -}}
{{- end -}}
{{- $repository := printf "%s/%s" (trimSuffix "/" $registry) .repository -}}
{{- if $image.digest -}}
{{- $result = printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- $result = printf "%s:%s" $repository (.tag | default $root.Values.image.tag | default $root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- if and $root.Values.image.requireDigests (not (regexMatch "@sha256:[0-9a-f]{64}$" $result)) -}}
{{- fail (printf "Expected an image with a digest, as `image.requireDigests` says, got `%s`: set the `image.digest` of %s" $result .for) -}}
{{- end -}}
{{- $result -}}
{{- end -}}

{{/* The image of a service. Takes {root, service}. */}}
{{- define "pixelmesh.serviceImage" -}}
{{- $service := .service -}}
{{- $image := $service.image | default dict -}}
{{- $tag := $image.tag | default .root.Values.image.tag | default .root.Chart.AppVersion -}}
{{- if and $service.gpu $service.gpu.enabled -}}{{- $tag = printf "%s%s" $tag .root.Values.gpu.tagSuffix -}}{{- end -}}
{{- $repository := printf "%s%s" .root.Values.image.prefix ($image.repository | default $service.role) -}}
{{- include "pixelmesh.image" (dict "root" .root "image" $image "repository" $repository "tag" $tag "for" (printf "services.%s" $service.name)) -}}
{{- end -}}

{{/* The version of a service in labels, metrics and traces: its `versionLabel`, else the tag of its image. */}}
{{- define "pixelmesh.versionLabel" -}}
{{- $image := .service.image | default dict -}}
{{- .service.versionLabel | default $image.tag | default .root.Values.image.tag | default .root.Chart.AppVersion -}}
{{- end -}}

{{/* An object as YAML, overridden by `merge`. Takes {text, merge, what}. */}}
{{- define "pixelmesh.merged" -}}
{{- $object := fromYaml .text -}}
{{- if $object.Error -}}{{- fail (printf "%s: %s" .what $object.Error) -}}{{- end -}}
{{- include "pixelmesh.overlay" (list $object (deepCopy (.merge | default dict))) -}}
{{- $object | toYaml -}}
{{- end -}}

{{/*
Changes a map in place: the second over the first, maps key by key, everything else as a whole. `null` removes a key. sprig's
mergeOverwrite would ignore `false`, 0 and "" of the second. Takes [map, over].
*/}}
{{- define "pixelmesh.overlay" -}}
{{- $map := index . 0 -}}
{{- range $key, $value := index . 1 -}}
{{- if kindIs "invalid" $value -}}{{- $_ := unset $map $key -}}
{{- else if and (kindIs "map" $value) (kindIs "map" (get $map $key)) -}}
{{- include "pixelmesh.overlay" (list (get $map $key) $value) -}}
{{- else -}}{{- $_ := set $map $key $value -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The names of the secrets for the registry, each once, as a pod's field; nothing without any. */}}
{{- define "pixelmesh.pullSecrets" -}}
{{- $names := list -}}
{{- range concat (.Values.global.imagePullSecrets | default list) .Values.image.pullSecrets -}}
{{- if kindIs "map" . -}}{{- $names = append $names .name -}}{{- else -}}{{- $names = append $names . -}}{{- end -}}
{{- end -}}
{{- with uniq $names -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end -}}
{{- end -}}

{{- define "pixelmesh.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "pixelmesh.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end -}}
