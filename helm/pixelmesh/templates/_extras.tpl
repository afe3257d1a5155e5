{{/*
A list of what users add, from maps by name: those of every pod, and over them those of one service. An entry of the service
replaces the entry of its name, `false` removes it (helm drops `null` before templates see it). Takes {root, service, field, key, taken}: the values' field, the key that holds
the name in the list, and the names that the chart uses itself. Gives {items: [...]}.
*/}}
{{- define "pixelmesh.extras" -}}
{{- $all := dict -}}
{{- range $map := list (get .root.Values.pod .field) (get (.service | default dict) .field) -}}
{{- range $name, $entry := ($map | default dict) -}}{{- $_ := set $all $name $entry -}}{{- end -}}
{{- end -}}
{{- $items := list -}}
{{- range $name, $entry := $all -}}
{{- if ne (toString $entry) "false" -}}
{{- if has $name ($.taken | default list) -}}
{{- fail (printf "Expected `%s` to have names that the chart does not use itself (%s), got `%s`" $.field (join ", " $.taken) $name) -}}
{{- end -}}
{{- if kindIs "string" $entry -}}{{- $entry = dict "value" $entry -}}{{- end -}}
{{- $item := deepCopy $entry -}}
{{- $_ := set $item $.key $name -}}
{{- $items = append $items $item -}}
{{- end -}}
{{- end -}}
{{- dict "items" $items | toYaml -}}
{{- end -}}

{{/*
The variables of a service's container: those that differ by pod, and those of users by name, a text or `valueFrom`, which have
precedence. A setting of Pixelmesh must be one that the service reads. Takes {root, service}. Gives {items: [...]}.
*/}}
{{- define "pixelmesh.containerEnv" -}}
{{- $settings := .root.Files.Get "files/settings.json" | fromJson -}}
{{- $known := get $settings .service.role -}}
{{- range $name, $_ := (.service.extraEnv | default dict) -}}
{{- if and (hasPrefix "PIXELMESH_" $name) (not (has $name $known)) -}}
{{- fail (printf "Expected `services.%s.extraEnv` to have settings of %s, got `%s`" $.service.name $.service.role $name) -}}
{{- end -}}
{{- end -}}
{{- $items := list -}}
{{- $given := (include "pixelmesh.extras" (dict "root" .root "service" .service "field" "extraEnv" "key" "name") | fromYaml).items -}}
{{- $names := list -}}
{{- range $given -}}{{- $names = append $names .name -}}{{- end -}}
{{- range $name, $path := dict "PIXELMESH_INSTANCE" "metadata.name" "PIXELMESH_ADVERTISED_HOST" "status.podIP" -}}
{{- if not (has $name $names) -}}
{{- $items = prepend $items (dict "name" $name "valueFrom" (dict "fieldRef" (dict "fieldPath" $path))) -}}
{{- end -}}
{{- end -}}
{{- range $given -}}
{{- $name := .name -}}
{{- if or (not (hasPrefix "PIXELMESH_" $name)) (has $name $known) -}}
{{- $items = append $items . -}}
{{- else -}}
{{- $anywhere := false -}}
{{- range $list := $settings -}}{{- if has $name $list -}}{{- $anywhere = true -}}{{- end -}}{{- end -}}
{{- if not $anywhere -}}{{- fail (printf "Expected `pod.extraEnv` to have settings of Pixelmesh (docs/reference/settings.md), got `%s`" $name) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- dict "items" $items | toYaml -}}
{{- end -}}

{{/* Further containers with our security settings, unless they have their own. Takes {root, service, field, taken}. Gives {items: [...]}. */}}
{{- define "pixelmesh.extraContainers" -}}
{{- $security := include "pixelmesh.containerSecurity" .root | fromYaml -}}
{{- $items := list -}}
{{- range (include "pixelmesh.extras" (dict "root" .root "service" .service "field" .field "key" "name" "taken" .taken) | fromYaml).items -}}
{{- $container := . -}}
{{- if not $container.securityContext -}}{{- $_ := set $container "securityContext" $security -}}{{- end -}}
{{- $items = append $items $container -}}
{{- end -}}
{{- dict "items" $items | toYaml -}}
{{- end -}}
