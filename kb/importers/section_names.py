"""What sections and labelled lines of a report are about, by their names in several languages."""

from __future__ import annotations

import re
from functools import lru_cache

from incidents.history_columns import COLUMNS
from incidents.history_rows import canonical_head

ROOT, FACTOR, TRIGGER, ACTIONS, RESOLUTION, SYMPTOM, OTHER = (
    "root", "contributing", "trigger", "actions", "resolution", "symptom", "other",
)  # fmt: skip

_SECTIONS = {
    ROOT: """
        root_cause root_causes root_cause_s root_cause_analysis root_cause_and_resolution
        root_cause_and_mitigation root_cause_and_trigger root_cause_summary cause causes the_cause
        primary_cause underlying_cause technical_root_cause rca what_caused_the_incident
        what_caused_this what_was_the_cause what_was_the_root_cause why_did_it_happen
        why_did_this_happen why_it_happened why five_whys 5_whys the_five_whys the_5_whys
        blameless_root_cause
        root_causes_and_contributing_factors cause_of_the_incident incident_cause
        ursache ursachen grundursache hauptursache fehlerursache ursachenanalyse
        cause_racine causes_racines cause_principale causes_profondes cause_profonde origine
        cause_de_l_incident analyse_des_causes causa causas causa_raiz causas_raiz causa_principal
        causa_radice oorzaak causa_raiz_do_incidente causas_raizes causa_principale cause_principali
        grondoorzaak oorzaken hoofdoorzaak causa_do_incidente
    """,
    FACTOR: """
        contributing_factors contributing_factor contributing_causes contributing_factor_s
        contributing_conditions contributors factors what_went_wrong what_went_poorly
        what_went_badly what_did_not_go_well what_didn_t_go_well what_could_have_gone_better
        what_went_less_well process_breakdown process_breakdown_s aggravating_factors
        beitragende_faktoren begunstigende_faktoren mitursachen einflussfaktoren was_schief_lief
        was_lief_schlecht was_lief_schief was_ist_schiefgelaufen was_nicht_gut_lief
        facteurs_contributifs facteurs_aggravants facteurs ce_qui_a_mal_fonctionne
        ce_qui_n_a_pas_fonctionne ce_qui_s_est_mal_passe
        factores_contribuyentes factores que_salio_mal lo_que_salio_mal
        contributors_and_enablers contributors_enablers enablers difficulties_in_handling
        fatores_contribuintes fatores_contributivos o_que_deu_errado
        fattori_contribuenti cosa_e_andato_storto bijdragende_factoren wat_ging_er_mis
        wat_ging_fout
    """,
    TRIGGER: """
        trigger triggers trigger_s triggering_event what_triggered_it what_triggered_the_incident
        proximate_cause ausloser declencheur element_declencheur desencadenante disparador gatilho
        aanleiding evento_scatenante
    """,
    ACTIONS: """
        action_items action_item actions action_items_followups action_items_and_followups
        action_items_and_follow_ups action_plan follow_up follow_ups followup followups
        review_actions actions_following_review actions_from_review post_incident_actions
        follow_up_actions follow_up_items follow_up_tasks followup_actions next_steps
        corrective_actions corrective_action corrective_measures corrective_action_items
        corrective_and_preventative_measures corrective_and_preventive_measures
        corrective_and_preventive_actions corrective_and_preventative_actions
        corrective_preventive_actions preventive_actions preventative_actions preventive_measures
        preventative_measures prevention remediation remediations remediation_items
        remediation_actions remediation_and_follow_up remediation_and_follow_up_steps
        remediation_and_prevention improvements recommendations todo todos to_do tasks
        future_work what_we_are_doing what_we_re_doing what_are_we_doing_about_it
        what_happens_next how_we_will_prevent_this
        massnahmen folgemassnahmen nachste_schritte korrekturmassnahmen offene_punkte aufgaben
        gegenmassnahmen abhilfemassnahmen verbesserungen
        actions_correctives mesures_correctives plan_d_action prochaines_etapes actions_a_mener
        actions_preventives mesures acciones acciones_correctivas proximos_pasos medidas
        medidas_correctivas plan_de_accion tareas acties actiepunten itens_de_acao acoes
        acoes_corretivas plano_de_acao proximos_passos medidas_corretivas azioni azioni_correttive
        prossimi_passi piano_d_azione vervolgacties verbeterpunten maatregelen
    """,
    RESOLUTION: """
        resolution resolutions how_it_was_fixed how_was_it_fixed how_we_fixed_it fix the_fix
        recovery mitigation mitigation_resolution mitigation_and_resolution
        resolution_and_recovery recovery_and_resolution what_fixed_it
        losung behebung wiederherstellung loesung solution remede retablissement solucion
        resolucion resolucao solucao risoluzione soluzione ripristino oplossing herstel
    """,
    OTHER: """
        timeline incident_timeline impact impact_assessment user_impact customer_impact
        business_impact detection lessons lessons_learned lessons_learnt what_went_well
        what_went_right where_we_got_lucky background appendix supporting_information
        supporting_documents references communication escalation authors participants
        chain_of_events metadata glossary zeitverlauf zeitachse ablauf auswirkungen auswirkung
        was_lief_gut erkenntnisse chronologie impacts lecons ce_qui_a_bien_fonctionne cronologia
        linea_de_tiempo impacto lecciones linha_do_tempo
        licoes_aprendidas impatto tijdlijn impact_op_klanten lezioni_apprese
    """,
    SYMPTOM: """
        summary executive_summary incident_summary issue_summary overview what_happened
        description symptom symptoms abstract tl_dr tldr issue impact_summary summary_of_impact
        zusammenfassung uberblick was_ist_passiert was_passiert_ist kurzfassung
        resume sommaire que_s_est_il_passe resumen que_paso
        resumo o_que_aconteceu riepilogo sommario cosa_e_successo samenvatting wat_is_er_gebeurd
    """,
}
_ABOUT = {name: about for about, names in _SECTIONS.items() for name in names.split()}

_DAY = """
    date date_of_incident incident_date date_of_the_incident day when occurred_on event_date
    outage_date datum datum_des_vorfalls tag date_de_l_incident fecha fecha_del_incidente
    data_do_incidente data_dell_incidente giorno datum_incident
"""
_START = """
    started_at started start start_time time_started start_of_impact impact_start impact_started
    impact_started_at impact_start_time incident_start incident_start_time incident_started
    fault_occurs fault_occurred fault_started fault_start problem_started outage_began
    outage_start outage_started start_of_incident start_of_outage begin began began_at beginning
    time_of_incident incident_began start_date started_on onset time_of_occurrence
    beginn anfang startzeit start_zeit beginn_des_vorfalls storungsbeginn
    debut heure_de_debut debut_de_l_incident inicio hora_de_inicio inicio_del_incidente
    inicio_do_incidente inizio ora_di_inizio begintijd starttijd start_incident aanvang
"""
_DETECTED = """
    detected_at detected time_detected detection_time date_time_detected detected_on
    fault_detected problem_detected issue_detected
    discovered_at time_of_detection incident_detected detection erkannt entdeckt erkannt_um
    detecte detecte_a heure_de_detection detectado hora_de_deteccion first_detected alerted_at
    detectado_em hora_da_deteccao rilevato ontdekt gedetecteerd
"""
_ACKNOWLEDGED = """
    acknowledged_at acknowledged time_acknowledged response_started responded_at
    first_response_at
"""
_MITIGATED = """
    mitigated_at mitigated time_mitigated mitigation_time impact_mitigated restored_at restored
    repaired repaired_at time_repaired incident_repaired incident_mitigated
    service_restored recovered_at time_restored entscharft
"""
_RESOLVED = """
    resolved_at resolved time_resolved resolution_time date_time_resolved resolved_on end ended
    ended_at end_time time_ended end_of_impact impact_end impact_ended impact_ended_at
    impact_end_time incident_end incident_end_time incident_ended incident_resolved outage_end
    outage_ended end_of_incident end_date all_clear fixed_at closed_at
    ende ende_des_vorfalls behoben behoben_um gelost storungsende endzeit
    fin heure_de_fin resolu resolu_a fin_de_l_incident resuelto hora_de_fin fin_del_incidente
    fim hora_do_fim fim_do_incidente hora_de_termino fine ora_di_fine einde eindtijd opgelost
    resolvido resolvido_em risolto resolved_when
"""
_DURATION = """
    duration outage_duration incident_duration impact_duration total_duration time_window
    downtime length outage_window incident_window window duration_of_impact duration_of_incident
    time dauer ausfallzeit zeitraum duree duracion duracao durata duur
    when_did_it_happen incident_time outage_time
    time_period timeframe time_frame
"""
_FIELDS = {
    "day": _DAY, "impact_started_at": _START, "detected_at": _DETECTED,
    "acknowledged_at": _ACKNOWLEDGED, "mitigated_at": _MITIGATED, "resolved_at": _RESOLVED,
    "duration": _DURATION,
}  # fmt: skip
LINE_FIELDS = {name: field for field, names in _FIELDS.items() for name in names.split()}
for _field in ("severity", "services", "status"):
    LINE_FIELDS |= dict.fromkeys(COLUMNS[_field], _field)
LINE_FIELDS |= dict.fromkeys(
    "affected_service services_affected service_s_affected service_s systems_affected "
    "affected_systems service_affected services_impacted "
    "servicios_afectados servicios_impactados servicos_afetados servico_afetado servicos servizi "
    "servizi_interessati servizi_coinvolti getroffen_diensten betrokken_diensten "
    "services_touches services_affectes betroffene_services".split(),
    "services",
)
LINE_FIELDS |= dict.fromkeys(
    "incident_severity severity_level sev_level level gravidade severidade "
    "severita gravita ernst niveau_de_gravite nivel_de_severidad".split(),
    "severity",
)

_NUMBERED = re.compile(
    r"^\s{0,3}(?:\d{1,2}(?:\.\d{1,2}){0,2}[.)]?|[ivx]{1,4}[.)])\s{1,3}", re.IGNORECASE
)
_BEFORE_WORDS = re.compile(r"^(?::[a-z0-9_+-]{1,40}:|[^\w(:]|:){1,20}")
"""Signs, also those that are written as names, such as :mag_right:"""
_MARKS = "*_`#~ "
_BRACKETED = re.compile(r"\([^()]{0,80}\)\s{0,3}$")


@lru_cache(4096)
def section_about(heading: str) -> str:
    """What a section is about; empty if nothing that is read.

    >>> section_about("3. Root Cause(s):"), section_about("Was lief schlecht?")
    ('root', 'contributing')
    """
    text = _BEFORE_WORDS.sub("", heading[:120]).strip(_MARKS).rstrip(":").strip(_MARKS)
    text = _NUMBERED.sub("", text)
    name = canonical_head(text)
    shorter = canonical_head(_BRACKETED.sub("", text))
    return _ABOUT.get(name) or _ABOUT.get(shorter, "")


@lru_cache(4096)
def line_field(label: str) -> str:
    """The field of ours that a labelled line, cell or key holds; empty if none."""
    return LINE_FIELDS.get(canonical_head(label.strip(_MARKS)), "")
