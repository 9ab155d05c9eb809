{{- define "causebook.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "causebook.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "causebook.labels" -}}
{{ include "causebook.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "causebook.databaseUrl" -}}
{{- $host := ternary .Values.database.directHost .Values.database.host .direct -}}
{{- $port := ternary .Values.database.directPort .Values.database.port .direct -}}
postgresql://{{ .Values.database.user | urlquery }}@{{ $host }}:{{ int $port }}/{{ .Values.database.name | urlquery }}?sslmode={{ .Values.database.sslMode }}
{{- end }}

{{- define "causebook.hosts" -}}
{{ .Values.settings.ALLOWED_HOSTS | default .Values.ingress.host | default "localhost" }},localhost
{{- end }}

{{- define "causebook.env" -}}
{{- $keys := .Values.secretKeys -}}
- name: SECRET_KEY
  valueFrom: {secretKeyRef: {name: {{ .Values.existingSecret }}, key: {{ $keys.secretKey }}}}
- name: DATABASE_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ .Values.existingSecret }}, key: {{ $keys.databasePassword }}}}
{{- with $keys.redisPassword }}
- name: REDIS_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ $.Values.existingSecret }}, key: {{ . }}}}
{{- end }}
{{- with $keys.sentinelPassword }}
- name: REDIS_SENTINEL_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ $.Values.existingSecret }}, key: {{ . }}}}
{{- end }}
- name: DATABASE_URL
  value: {{ include "causebook.databaseUrl" . | quote }}
{{- if and .Values.database.pgbouncer (not .direct) }}
- name: DATABASE_PGBOUNCER
  value: "true"
{{- end }}
{{- end }}

{{- /* Of every pod: who it runs as, and what it reads. Takes the root, `component` and `direct`. */}}
{{- define "causebook.pod" -}}
serviceAccountName: {{ include "causebook.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{ toJson . }}
{{- end }}
{{- if ne .component "migrate" }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "causebook.selector" . | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: {sizeLimit: 256Mi}
  - name: data
{{- if and .Values.data.existingClaim (ne .component "migrate") }}
    persistentVolumeClaim: {claimName: {{ .Values.data.existingClaim }}}
{{- else }}
    emptyDir: {sizeLimit: 2Gi}
{{- end }}
{{- end }}

{{- define "causebook.container" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
env:
  {{- include "causebook.env" . | nindent 2 }}
{{- if and (eq .component "web") .Values.serviceMonitor.enabled }}
  # Prometheus names a pod by its address.
  - name: POD_IP
    valueFrom: {fieldRef: {fieldPath: status.podIP}}
  - name: ALLOWED_HOSTS
    value: {{ printf "%s,$(POD_IP)" (include "causebook.hosts" .) | quote }}
{{- end }}
{{- if ne .component "migrate" }}
envFrom:
  - configMapRef: {name: {{ include "causebook.name" . }}}
{{- with .Values.extraEnvFrom }}
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  - {name: data, mountPath: /data}
{{- end }}

{{- /* A changed setting restarts the pods. */}}
{{- define "causebook.annotations" -}}
checksum/settings: {{ include (print $.Template.BasePath "/settings.yaml") . | sha256sum }}
{{- with .Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}
