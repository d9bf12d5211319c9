{{/* What selects the pods; it must never change. */}}
{{- define "bot.selector" -}}
app.kubernetes.io/name: bot
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* What every object carries. */}}
{{- define "bot.labels" -}}
{{ include "bot.selector" . }}
app.kubernetes.io/component: service
app.kubernetes.io/part-of: {{ .Release.Namespace }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Values.image.tag | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* What every container may do: nothing that its work does not need. */}}
{{- define "bot.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* The port of an address in the environment, so that it stands there only. */}}
{{- define "bot.port" -}}
{{ splitList ":" . | last | int }}
{{- end }}

{{/* Repository and tag; without a tag there is no release. */}}
{{- define "bot.image" -}}
{{ .Values.image.repository }}:{{ required "image.tag is needed: deploy sets it to the tag that it has pushed" .Values.image.tag }}
{{- end }}
