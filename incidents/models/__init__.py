"""What happened: services, incidents, alerts, changes, and what brings them in."""

from incidents.models.alert import Alert
from incidents.models.change import Change
from incidents.models.custom_field import CustomField, FieldValue
from incidents.models.event import Event
from incidents.models.heartbeat import HeartbeatRule, HeartbeatSender, HeartbeatWatch
from incidents.models.history import history_of
from incidents.models.incident import Incident, recorded
from incidents.models.integration import Delivery, Integration, IntegrationSecret
from incidents.models.named_rule import ONE_OF_A_NAME, NamedRule
from incidents.models.notice import Notice
from incidents.models.pager_act import PagerAct
from incidents.models.push import PushDelivery, PushDevice, PushKey
from incidents.models.rules import DeployRule, MaintenanceWindow, TierPolicy
from incidents.models.saved_filter import SavedFilter
from incidents.models.scheduled_run import ScheduledRun
from incidents.models.service import Service, addresses_only
from incidents.models.timeline import TimelineEntry, TimelineVersion
from incidents.models.token import ApiToken, IdempotentResponse
from incidents.models.unknown_service import UnknownService

__all__ = [
    "ONE_OF_A_NAME",
    "Alert",
    "ApiToken",
    "Change",
    "CustomField",
    "Delivery",
    "DeployRule",
    "Event",
    "FieldValue",
    "HeartbeatRule",
    "HeartbeatSender",
    "HeartbeatWatch",
    "IdempotentResponse",
    "Incident",
    "Integration",
    "IntegrationSecret",
    "MaintenanceWindow",
    "NamedRule",
    "Notice",
    "PagerAct",
    "PushDelivery",
    "PushDevice",
    "PushKey",
    "SavedFilter",
    "ScheduledRun",
    "Service",
    "TierPolicy",
    "TimelineEntry",
    "TimelineVersion",
    "UnknownService",
    "addresses_only",
    "history_of",
    "recorded",
]
