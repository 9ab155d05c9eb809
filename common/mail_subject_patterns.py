"""The words and patterns by which `mail_subjects.py` takes a subject apart."""

from __future__ import annotations

import re

FORWARDED = re.compile(
    r"(?:re|fwd?|wg|aw|sv|vs|tr|rv|antw|doorst|enc)(?:\s?\[\d{1,3}\])?\s?:"
    r"|(?:good|bad) news[!:,]|heads[ -]up[!:,]|all good[!:,]"
    r"|\[(?:external|extern|ext|external e-?mail|bulk|spam\??|suspicious)\]"
    r"|\[(?:fwd?|wg|tr): (?P<inside>.{1,300})\]$",
    re.IGNORECASE,
)
EMOJI_STATE = {
    "✅": "recovered", "🟢": "recovered", "💚": "recovered", "☑": "recovered", "✔": "recovered",
    "🔴": "down", "🚨": "alert", "❌": "failed", "🔥": "alert", "❗": "alert", "⛔": "down",
    "🚧": "maintenance", "🛠": "maintenance",
}  # fmt: skip
RATES = frozenset(
    "critical crit warning warn major minor fatal emergency disaster severe urgent high medium low "
    "moderate average information informational info red yellow orange amber".split()
)
CODE = re.compile(
    r"\b(?:(?:sev|severity|priority|prio)(?:[ :#_=-]{0,3}\d|\s?[:=]\s?[a-z]{3,13})"
    r"|[ps][0-5])\b(?!-)",
    re.IGNORECASE,
)
FILLER = frozenset(
    "alert alerts alarm alarms monitor monitors monitoring problem problems incident incidents "
    "issue issues event events notification notifications notice service host check status state "
    "severity priority is are was has have been the a an on in for of from since after now new "
    "again reminder and update automatically website site url threshold uptime condition "
    "met".split()
)
"""Words that say nothing about which alert it is."""
PRODUCT = re.compile(
    r"\s{0,3}\[?(?:check_?mk|nagios(?: xi)?|icinga ?2?|op5|zabbix|prtg(?: network monitor)?"
    r"|centreon|uptime ?robot|uptime ?kuma|statuscake|pingdom|datadog|monitor alert|opsgenie"
    r"|pagerduty|sentry|cronitor|observium|librenms|sensu|gatus|new relic"
    r"|dynatrace|better ?stack)\]?"
    r"(?::\s+|\s++[|–-]\s+|(?<=\])\s*)",
    re.IGNORECASE,
)
MONITORS = frozenset(
    "nagios icinga icinga2 checkmk check_mk zabbix prtg centreon monit munin grafana prometheus "
    "alertmanager splunk graylog system server network".split()
)
"""Words that, beside filler, do not say which alert it is either: "Nagios alert"."""
NO_SEVERITY = re.compile(r"\s?[-–:,]?\s?\bno severity(?=\])", re.IGNORECASE)
"""What Google Cloud writes beside the state of a policy without one."""
CUT = re.compile(r"([\[\]{}()<>|\"“”!,;•·]|\*\*|\s(?:-{1,3}|[–—])\s|:(?=\s|$))")
DURATION = re.compile(
    r"\b(?:\d{1,5} ?(?:d|h|m|s|ms|days?|hours?|hrs?|minutes?|mins?|seconds?|secs?)\b[ ,]{0,2}"
    r"(?:and )?){1,4}",
    re.IGNORECASE,
)
TIME = re.compile(
    r"(?:\b(?:at|on|since) )?\b(?:\d{4}-\d\d-\d\d|\d{1,2}[/.]\d{1,2}[/.]\d{2,4})\b"
    r"(?:[T ,]{1,3}\d{1,2}:\d\d(?::\d\d)?(?:\.\d{1,6})?)?(?:Z\b|\s?[AP]M\b)?"
    r"(?:\s?(?:UTC|GMT|CES?T)\b)?(?:\s?[+-]\d\d:?\d\d\b)?|\b\d{1,2}:\d\d:\d\d\b"
)
NUMBER = r"[-+]?\d{1,12}(?:[.,]\d{1,6})?"
UNIT = r"(?: ?%| percent\b| ?(?:ms|[KMGT]i?B|[kMG]bps|°C)\b)"
VALUE = re.compile(
    # A threshold belongs to the rule, a value only to this mail.
    rf"(?<!above )(?<!below )(?<!over )(?<!under )(?<!than )(?<![<>] )(?<![<>]= )(?<![\w.:/-])"
    rf"(?:{NUMBER}{UNIT}|\d{{1,6}}\.\d{{1,6}}(?![\w.]))"
    rf"|(?<=[=]){NUMBER}(?:{UNIT}|(?!\w))|(?<=[=:] ){NUMBER}(?:{UNIT}|(?![\w.:]))"
)
ARROW = re.compile(
    r"(?:\b(?:(?:status|state) )?(?:has )?(?:changed )?(?:(?:status|state) )?from )?"
    r"\b([A-Za-z]{2,14})\b(?:\s?(?:-+>|=+>|→|➔|⇒)\s?| to )([A-Za-z]{2,14})\b"
)
NOW = re.compile(r"\b\w{2,12} ended \(now: (\w{2,12})\)", re.IGNORECASE)
COPULA = re.compile(
    r"\b(?:is|are|was|has|have|went|gone|been|be|now|again|status|state"
    r"|(?:changed|switched|moved) to)"
    r"(?: now| been| again| in(?: an?)?| be| automatically| currently| fully){0,2}"
    r" (?P<state>[A-Za-z]{2,16})"
    r"(?: (?:state|again|now|status))?"
    r"(?=[!.?]{0,3}\s*(?:$|[-–—:,;|()\[\]*!]"
    r"|(?:on|for|after|since|at|in|with|by|from|because|due)\b))",
    re.IGNORECASE,
)
BY = re.compile(
    r"\b(?:(?:is|was|ha[sv]e? been) )?(?P<state>recovered|resolved|acknowledged|closed|cleared)"
    r"(?: by [^\[\]():;|\"-]{1,60}| from)",
    re.IGNORECASE,
)
JOB = re.compile(
    r"\b(?P<job>backup|job|check|replication|sync|restore|deployment|build|upgrade|update|task|run"
    r"|export|import|snapshot|scan) "
    r"(?P<state>ok|error|failed|warning|succeeded|successful|passed|restored|recovered)"
    r"(?= (?:of|on|for|in|at)\b)",
    re.IGNORECASE,
)
RAISED = re.compile(
    r"\b(?P<job>alarm|alert|incident|problem|issue|outage) (?P<state>raised|cleared|resolved"
    r"|triggered|opened|closed|ended|recovered|fired)(?= (?:of|on|for|in|at)\b)",
    re.IGNORECASE,
)
LINK = re.compile(
    r"\b(?P<job>link|interface|port|peer|neighbou?r|session|tunnel|vpn|bgp|host|node|server|instance"
    r"|connection|raid|volume|pool|array|cluster) "
    r"(?P<state>down|up|lost|restored|degraded|healthy)(?= (?:of|on|for|in|at|to|with)\b)",
    re.IGNORECASE,
)
CAPITALS = re.compile(
    r"(?<=[\s/])(?P<state>RESOLVED|RECOVER(?:ED|Y)|CLEAR(?:ED)?|FIRING|TRIGGERED|OK|CRIT(?:ICAL)?|WARN(?:ING)?"
    r"|[A-Z]{2,16}(?= (?:on|for|at|of|in)\b))(?=\s(?!no longer))"
)
LAST = re.compile(r"(?:^|(?<=\s))(?P<state>[^\W\d_]{2,16})[.?\s]{0,4}$")
FIRST = re.compile(r"\s*(?P<state>[A-Z]{2,16})(?=\s)")
SURE_AT_END = frozenset(
    "resolved recovered cleared ok successful successfully succeeded fixed restored healthy online "
    "recovery acknowledged failed failing down critical triggered offline unreachable unhealthy "
    "unavailable reachable unresponsive firing notok nodata indisponible inaccessible "
    "injoignable".split()
)
BEFORE_ENDED = re.compile(
    r"\b(?:alert|alarm|incident|problem|issue|case|job|backup|violation|outage)$", re.IGNORECASE
)
NOT = re.compile(
    r"(?:\b(?:not|nicht|keine?|cannot|never|unable|without|no|fail(?:s|ed|ing)? to"
    r"|when|if|until|before)|n't)(?: \w{1,12}){0,2}\s?$",
    re.IGNORECASE,
)
LOGIN = re.compile(r"\b(?:log-?[io]n|authentication|attack|intrusion|access)\s*$", re.IGNORECASE)
JOB_AT_END = re.compile(
    r"\b(?:backup|job|replication|sync|restore|deployment|build|pipeline|upgrade|import|export"
    r"|check|heartbeat) $",
    re.IGNORECASE,
)
HOW_JOBS_END = frozenset(
    "failed fixed succeeded successful passed recovered missed received".split()
)
ANYWHERE_AT_END = frozenset(
    "recovered resolved needsattention downtimestart flappingstart acknowledged".split()
)
COLOURS = {"red": "critical", "orange": "high", "yellow": "warning", "amber": "warning"}
REPORT = re.compile(
    r"\b(?:daily|weekly|monthly|quarterly) (?:\w{1,20} ){0,2}"
    r"(?:report|summary|digest|newsletter)\b",
    re.IGNORECASE,
)
IN_REGION = re.compile(r"[\"“]([^\"“”]{1,250})[\"”] in [A-Z][\w. -]{1,30} \([\w. -]{1,40}\)")
"""How CloudWatch writes an alarm's name: \"checkout-5xx\" in EU (Ireland)."""
NOT_WELL = re.compile(r"\b(?:errors?|fail(?:s|ed|ures?)|missing|late)\b", re.IGNORECASE)
JOINS = re.compile(r"(?:for|on|of) (?=\S)")
"""What is left in front where a state was taken out: "DOWN alert for web-1"."""
DANGLING = re.compile(
    r"(?<=\w)\s{0,3}[-–—:;,|]{1,3}\s{0,3}(?=[\])}])|\s(?=:\s)|(?<=\s)[-–—]\s+(?=[-–—]\s)"
)
HOLLOW = re.compile(r"[\[({]\s*+[-–—:;,|/]{0,3}\s*+[\])}]")
LETTER = re.compile(r"[^\W\d_]")
ID = re.compile(r"#\d{1,12}|\b[A-Z]{1,10}-\d{1,12}\b|(?<=[A-Za-z]):\d{1,6}\b|^\s*\d{1,12}\s*$")
EMPTY_COUNT = re.compile(r"\b[A-Za-z]+:0\b|\b0 [A-Za-z]+\b")
WORD = re.compile(r"[^\W_]+(?:[._/@:#+-]+[^\W_]+)*")

LEADING = re.compile(
    r"\s*(?:(?:host|service|monitor) )?(?P<run>(?:[A-Za-z]{2,14} ){1,3}?)"
    r"(?:alert|alarm|incident|problem|issue|notification) "
    r"(?=(?:on|for)\b)",
    re.IGNORECASE,
)
PLANNED = re.compile(
    r"(?:^|[:\]|–-] ?)downtimestart (?:of|for|on|at|in|from|tonight|tomorrow|this|next"
    r"|starts|begins|\d)",
    re.IGNORECASE,
)
UP_OR_DOWN = re.compile(
    r"\b(?:vpn|tunnel|link|interface|port|bgp|peer|neighbou?r|session|host|node|server|site|website"
    r"|instance|connection|monitor|adjacency|switch|router)\b",
    re.IGNORECASE,
)
HOW_ALERTS_END = frozenset(
    "started ended opened closed cleared resolved triggered raised created recovered".split()
)
WHOLE = frozenset("down up offline online unreachable unavailable available reachable".split())
"""States of a whole thing: what is written after them is the reason."""
SAYS_WHAT = frozenset("lost bad new created started expired exceeded error errors".split())
"""Words of a state that, after "is" or at an end, say what is wrong: "Orders are lost"."""
