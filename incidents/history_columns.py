"""Our fields of incident history, and what exports call them, in several languages.

Heads are compared without case, accents and punctuation.
"""

from __future__ import annotations

COLUMNS: dict[str, tuple[str, ...]] = {
    "external_id": (
        "external_id", "id", "ticket_number", "ticket", "ticketnummer", "number", "key",
        "issue_key", "incident_id", "incident_number", "ticket_id", "case_number", "issue_id",
        "tiny_id", "uuid", "reference", "ref", "sys_id", "vorgangsschlussel", "schlussel",
        "nummer", "numero", "nr", "clef", "clave", "identifiant", "sequential_id", "display_id",
        "human_id", "numero_de_ticket", "vorgangsnummer", "storungsnummer", "identificador",
    ),
    "title": (
        "title", "name", "summary", "short_description", "subject", "message", "incident_title",
        "incident_name", "headline", "zusammenfassung", "titel", "betreff", "kurzbeschreibung",
        "titre", "resume", "objet", "titulo", "resumen", "asunto", "breve_description",
        "description_breve", "descripcion_breve", "kurzbezeichnung", "description",
    ),
    "symptom": (
        "symptom", "symptoms", "description", "body", "details", "customer_impact_summary",
        "incident_description", "summary", "beschreibung", "descripcion", "impact_description",
        "message",
    ),
    "resolution": (
        "resolution", "resolution_notes", "fix", "close_notes", "resolution_summary",
        "losungsbeschreibung", "how_fixed", "mitigation",
    ),
    "severity": (
        "severity", "incident_severity", "sev", "severity_level", "priority",
        "incident_priority", "impact", "schweregrad", "prioritat", "priorite", "prioridad",
        "gravite", "severidad", "criticality", "severidade", "gravidade", "severita", "gravita",
        "prioridade", "priorita", "prioriteit", "ernst", "impact_level",
    ),
    "impact_started_at": (
        "impact_started_at", "impact_start", "impact_start_date", "impact_started",
        "started_at", "start_time", "incident_start", "incident_start_time", "outage_start",
        "downtime_start", "started", "start", "start_date", "began_at", "occurred_at",
        "occurred", "incident_date", "date_of_incident", "beginn", "start_zeit", "debut",
        "date_de_debut", "inicio", "fecha_de_inicio", "storungsbeginn", "beginn_der_storung",
        "heure_de_debut", "hora_de_inicio", "opened_at", "opened", "reported_at", "reported",
        "declared_at", "created_at", "created_on", "created", "date_created", "creation_date",
        "sys_created_on", "creation_time", "erstellt", "erstellt_am", "eroffnet", "cree",
        "cree_le", "date_de_creation", "creado", "fecha_de_creacion", "created_time",
        "created_date", "opened_date", "reported_date", "submit_date", "open_time", "geoffnet",
        "geoffnet_am", "gemeldet", "gemeldet_am", "erfasst_am", "ouvert", "ouvert_le",
        "abierto", "aberto_em", "date", "datum", "fecha", "at", "time",
    ),
    "detected_at": (
        "detected_at", "detected", "time_detected", "detection_time", "impact_detect_date",
        "discovered_at", "erkannt", "detecte",
    ),
    "acknowledged_at": (
        "acknowledged_at", "acknowledged_on", "acknowledged", "acked_at", "ack_time",
        "first_acknowledged_at",
    ),
    "mitigated_at": (
        "mitigated_at", "mitigated", "monitoring_at", "fixed_at", "stable_at", "time_mitigated",
        "mitigation_time", "restored_at", "recovered_at", "behoben",
    ),
    "resolved_at": (
        "resolved_at", "resolved_on", "resolved", "resolved_time", "resolved_date",
        "time_resolved", "solved_at", "resolution_time", "resolution_date", "impact_end",
        "impact_end_date", "impact_ended_at", "end_time", "incident_end", "incident_end_time",
        "outage_end", "downtime_end", "ended_at", "ended", "end", "end_date", "solved",
        "closed_at", "closed_on", "closed", "date_closed", "resolutiondate", "erledigt",
        "gelost", "gelost_am", "ende", "geschlossen", "resolu", "resolu_le", "fin", "ferme",
        "resuelto", "cerrado", "close_time", "closed_time", "closed_date", "schliesszeit",
        "storungsende", "ende_der_storung", "behoben_am", "geschlossen_am", "heure_de_fin",
        "hora_de_fin", "ferme_le", "cloture", "cloture_le", "date_de_resolution",
        "fecha_de_cierre", "fecha_de_resolucion", "fechado_em",
    ),
    "services": (
        "services", "affected_services", "impacted_services", "service", "service_name",
        "service_summary", "business_service", "components", "component", "component_s",
        "affected_components", "cmdb_ci", "configuration_item", "impacted_infrastructure",
        "functionalities", "system", "systems", "application", "product", "komponente",
        "komponenten", "komponente_n", "dienst", "dienste", "betroffene_dienste", "composant",
        "composants", "composant_s", "services_concernes", "componente", "componentes",
        "servicio", "servicios", "affected_service", "impacted_service", "betroffener_dienst",
        "konfigurationselement", "element_de_configuration", "elemento_de_configuracion",
        "service_concerne", "servicio_afectado",
    ),
    "external_url": (
        "external_url", "url", "link", "html_url", "permalink", "web_url", "shortlink",
    ),
    "updates": ("updates", "incident_updates", "timeline"),
    "status": (
        "status", "state", "incident_state", "incident_status", "current_status",
        "human_status", "zustand", "etat", "estado",
    ),
    "mentions": ("labels", "label", "tags", "tag", "stichworter", "etiquettes", "etiquetas"),
}  # fmt: skip
"""Our fields, and the names they have in exports; the first one that has a value wins."""

TIME_FIELDS = tuple(name for name in COLUMNS if name.endswith("_at"))
REQUIRED = ("external_id", "title", "impact_started_at")

DAYS = (
    "date", "datum", "fecha", "data", "day", "tag", "incident_date", "date_of_incident",
    "outage_date", "datum_der_storung", "date_de_l_incident",
)  # fmt: skip
"""Columns that may hold the day of times that are a clock alone."""
CLOCKS = ("time", "uhrzeit", "heure", "hora", "zeit", "ora")
"""Columns that may hold the clock of a start that is a day alone."""
LENGTHS = {
    "seconds_to_resolve": "seconds", "duration_seconds": "seconds",
    "duration_in_seconds": "seconds",
    "duration_minutes": "minutes", "duration_in_minutes": "minutes", "duration_min": "minutes",
    "downtime_minutes": "minutes", "outage_minutes": "minutes", "dauer_min": "minutes",
    "dauer_in_minuten": "minutes", "duree_minutes": "minutes", "duration_hours": "hours",
    "dauer_in_stunden": "hours", "duration": "", "outage_duration": "", "incident_duration": "",
    "downtime": "", "dauer": "", "ausfallzeit": "", "ausfalldauer": "", "duree": "", "duracion": "",
    "duracao": "", "durata": "",
}  # fmt: skip
"""Columns of how long it took, with the unit of a number in them; empty where it names its own."""
