"""Reports of load tests for tests, as their tools write them."""

from __future__ import annotations

import json

from practice.load_tests import registry
from practice.load_tests.base import LoadTestSummary


def read(tool: str, content: str) -> LoadTestSummary:
    return registry()[tool]().read(content)


HEAD = "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,URL"
TRANSACTION = '"Number of samples in transaction : {}, number of failing samples : 0"'
BESIDE = f"""{HEAD}
1700000000000,100,GET /a,200,OK,u 1-1,text,true,http://x/a
1700000000100,300,GET /b,200,OK,u 1-1,text,true,http://x/b
1700000000000,420,Buy,200,{TRANSACTION.format(2)},u 1-1,,true,null
1700000001000,200,GET /a,200,OK,u 1-2,text,true,http://x/a
1700000001200,800,GET /b,503,Busy,u 1-2,text,false,http://x/b
1700000001000,1010,Buy,,{TRANSACTION.format(2)},u 1-2,,false,null
1700000003000,0,Nothing,200,{TRANSACTION.format(0)},u 1-2,,true,null
"""
"""Four requests in two seconds, one failed, and the three transactions around them."""
PARENTS = f"""{HEAD}
1700000000000,400,Buy,200,{TRANSACTION.format(2)},u 1-1,,true,null
1700000001000,1000,Buy,500,{TRANSACTION.format(2)},u 1-2,,false,null
"""
MIXED = f"""{HEAD}
1700000000000,100,Log in,200,OK,u 1-1,text,true,http://x/in
1700000000100,400,Buy,200,{TRANSACTION.format(2)},u 1-1,,true,null
1700000000500,500,Buy,200,{TRANSACTION.format(2)},u 1-1,,true,null
1700000001000,600,Buy,200,{TRANSACTION.format(2)},u 1-1,,true,null
"""
NO_MESSAGES = "\n".join(
    ",".join(cell for at, cell in enumerate(row.split(",")) if at != 4)
    for row in BESIDE.replace(", number", ";").splitlines()[:-1]
)
XML = """<?xml version="1.0" encoding="UTF-8"?>
<testResults version="1.2">
<httpSample t="100" ts="1700000000000" s="true" lb="GET /a" rc="200" rm="OK" tn="u 1-1">
  <httpSample t="60" ts="1700000000000" s="true" lb="GET /a-0" rm="Moved" tn="u 1-1"/>
  <httpSample t="40" ts="1700000000060" s="true" lb="GET /a-1" rm="OK" tn="u 1-1"/>
  <java.net.URL>http://x/a</java.net.URL>
</httpSample>
<sample t="1300" ts="1700000000200" s="false" lb="Buy" tn="u 1-1"
  rm="Number of samples in transaction : 3, number of failing samples : 1">
  <httpSample t="200" ts="1700000000200" s="true" lb="GET /b" rm="OK" tn="u 1-1"/>
  <httpSample t="300" ts="1700000000500" s="true" lb="GET /c" rm="OK" tn="u 1-1"/>
  <httpSample t="1200" ts="1700000000800" s="false" lb="POST /d" rm="Busy" tn="u 1-1">
    <assertionResult><failure>true</failure></assertionResult>
  </httpSample>
</sample>
</testResults>
"""
AGGREGATE = """Label,# Samples,Average,Median,90% Line,95% Line,99% Line,Min,Max,Error %,Throughput,Std. Dev.
GET /a,300,90,80,120,150,300,10,400,0.000%,5.0,20
TOTAL,500,95,85,125,160,310,10,900,0.400%,8.25,30
"""  # noqa: E501
PLUGIN = (
    "sampler_label,aggregate_report_count,average,aggregate_report_median,aggregate_report_90%_line,"
    "aggregate_report_95%_line,aggregate_report_99%_line,aggregate_report_error%,"
    "aggregate_report_rate\nTOTAL,500,95,85,125,160,310,0.40%,8.25\n"
)
SUMMARY = """\ufeffLabel;# Samples;Average;Min;Max;Std. Dev.;Error %;Throughput;Received KB/sec
GET /a;60;90;10;400;20;0.00%;30.0/min;1
TOTAL;60;90;10;400;20;5.00%;30.0/min;1
"""
STATISTICS = {"GET /a": {}, "Total": {"sampleCount": 40, "errorPct": 2.5, "medianResTime": 12.0}}
OLDEST = """"Method","Name","# requests","# failures","Median response time","Requests/s"
"GET","/a",90,0,30,9.0
"GET","/b",0,10,0,0.0
"None","Total",90,10,30,9.0
"""
DISTRIBUTION = """"Name","# requests","50%","66%","75%","80%","90%","95%","98%","99%","100%"
"GET /a",90,30,35,40,45,50,60,70,80,90
"None Total",90,31,36,41,46,51,61,71,81,91
"""
HISTORY = """Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,95%,99%,Total Request Count,\
Total Failure Count,Total Median Response Time
1700000000,1,,Aggregated,0.000000,0.000000,N/A,N/A,N/A,0,0,0
1700000010,5,GET,/a,9.0,1.0,20,90,90,50,5,25
1700000010,5,,Aggregated,9.0,1.0,20,90,90,50,5,25
1700000020,5,,Aggregated,30.0,1.0,70,700,800,100,20,26
"""
LOCUST_JSON = [
    {"name": "/a", "method": "GET", "num_requests": 60, "num_failures": 6,
     "start_time": 1700000000.5, "last_request_timestamp": 1700000010.0,
     "response_times": {"10": 50, "200": 10}},
    {"name": "/b", "method": "GET", "num_requests": 40, "num_failures": 0,
     "start_time": 1700000000.0, "last_request_timestamp": 1700000008.0,
     "response_times": {"9": 39, "1000": 1}},
]  # fmt: skip
NO_PERCENTILES = """\
Type,Name,Request Count,Failure Count,Median Response Time,Requests/s,50%,95%,99%
,Aggregated,10,0,45,1.0,N/A,N/A,N/A
"""
K6_POINTS = "\n".join(
    json.dumps({"metric": name, "type": "Point",
                "data": {"time": f"2026-03-01T10:00:{second:02d}.123456789+01:00", "value": value,
                         "tags": {"url": "http://x/http_reqs"}}})
    for second, took in ((0, 100.5), (5, 200.5), (10, 300.5), (10, 900.5))
    for name, value in (("http_reqs", 1), ("http_req_duration", took), ("vus", 3),
                        ("http_req_failed", int(took > 900)))
)  # fmt: skip
K6_JSON = '{"type":"Metric","data":{"name":"http_reqs"},"metric":"http_reqs"}\n' + K6_POINTS
K6_CSV = """metric_name,timestamp,metric_value,check,error,method,url
http_reqs,1700000000,1.000000,,,GET,http://x
http_req_duration,1700000000,100.500000,,,GET,http://x
http_req_failed,1700000000,0.000000,,,GET,http://x
http_reqs,1700000004,1.000000,,,GET,http://x
http_req_duration,1700000004,300.500000,,,GET,http://x
http_req_failed,1700000004,1.000000,,,GET,http://x
vus,1700000004,3,,,,
"""
K6_LISTED = {"version": "1.0.0", "results": {"metrics": [
    {"name": "http_req_duration", "type": "trend", "values": {"med": 5, "p(95)": 9, "p(99)": 11}},
    {"name": "http_reqs", "type": "counter", "values": {"count": 10, "rate": 2}},
]}}  # fmt: skip
GATLING = {
    "name": "All Requests",
    "numberOfRequests": {"total": "200", "ok": "190", "ko": "10"},
    "percentiles1": {"total": "40"}, "percentiles2": {"total": "60"},
    "percentiles3": {"total": "90"}, "percentiles4": {"total": "-"},
    "meanNumberOfRequestsPerSecond": {"total": "12.5", "ok": "11.9", "ko": "-"},
}  # fmt: skip


def stamped(*times: str) -> str:
    rows = [f"{at};{took}" for at, took in zip(times, (100, 200, 300), strict=True)]
    return "timeStamp;elapsed\n" + "\n".join(rows)
