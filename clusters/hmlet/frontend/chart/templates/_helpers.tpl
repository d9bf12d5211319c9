{{/* What selects the pods; it must never change. */}}
{{- define "frontend.selector" -}}
app.kubernetes.io/name: frontend
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* What every object carries. */}}
{{- define "frontend.labels" -}}
{{ include "frontend.selector" . }}
app.kubernetes.io/component: pages
app.kubernetes.io/part-of: {{ .Release.Namespace }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Values.image.tag | quote }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* What every container may do: nothing that its work does not need. */}}
{{- define "frontend.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* The port of an address in the environment, so that it stands there only. */}}
{{- define "frontend.port" -}}
{{ splitList ":" . | last | int }}
{{- end }}

{{/* Repository and tag; without a tag there is no release. */}}
{{- define "frontend.image" -}}
{{ .Values.image.repository }}:{{ required "image.tag is needed: deploy sets it to the tag that it has pushed" .Values.image.tag }}
{{- end }}
