# SPDX-License-Identifier: Apache-2.0
"""The rows that findings must become: a naive program that shares no code with
sluice. It is written from the README's rules and from what the Netskope plugin
1.1.0 does, over the JSON that Python's own parser reads.
"""

import datetime
import ipaddress
import json
import re
from dataclasses import dataclass

import oracle

DEFAULT_GROUPS = ("network_connection", "port_probe", "dns_request",
                  "ebs_volume_scan")
ALL_GROUPS = DEFAULT_GROUPS + (
    "api_call", "kubernetes", "rds", "runtime", "malware_scan",
    "attack_sequence", "threat_intel_hash", "ipv6", "dns_suffix")

# group, kind, path, the action whose "blocked" makes a tag. A kind "ip" is
# told by its form.
NETWORK, PROBE, DNS = ("networkConnectionAction", "portProbeAction",
                       "dnsRequestAction")
PLACES = [
    ("network_connection", "ipv4",
     f"service.action.{NETWORK}.remoteIpDetails.ipAddressV4", NETWORK),
    ("port_probe", "ipv4", f"service.action.{PROBE}.portProbeDetails[]."
     "remoteIpDetails.ipAddressV4", PROBE),
    ("dns_request", "domain", f"service.action.{DNS}.domain", DNS),
    ("dns_suffix", "domain", f"service.action.{DNS}.domainWithSuffix", DNS),
    ("api_call", "ipv4",
     "service.action.awsApiCallAction.remoteIpDetails.ipAddressV4", None),
    ("api_call", "domain",
     "service.action.awsApiCallAction.domainDetails.domain", None),
    ("kubernetes", "ipv4",
     "service.action.kubernetesApiCallAction.remoteIpDetails.ipAddressV4",
     None),
    ("kubernetes", "ip",
     "service.action.kubernetesApiCallAction.sourceIPs[]", None),
    ("rds", "ipv4",
     "service.action.rdsLoginAttemptAction.remoteIpDetails.ipAddressV4", None),
    ("runtime", "sha256", "service.runtimeDetails.process.executableSha256",
     None),
    ("runtime", "sha256", "service.runtimeDetails.context.modifyingProcess."
     "executableSha256", None),
    ("runtime", "sha256", "service.runtimeDetails.context.targetProcess."
     "executableSha256", None),
    ("runtime", "sha256", "service.runtimeDetails.context.moduleSha256", None),
    ("malware_scan", "sha256", "service.malwareScanDetails.threats[].hash",
     None),
    ("malware_scan", "sha256",
     "service.malwareScanDetails.threats[].itemPaths[].hash", None),
    ("malware_scan", "sha256",
     "service.malwareScanDetails.threats[].itemDetails[].hash", None),
    ("malware_scan", "sha256",
     "resource.s3BucketDetails[].s3ObjectDetails[].hash", None),
    ("attack_sequence", "ip", "service.detection.sequence.endpoints[].ip",
     None),
    ("attack_sequence", "domain",
     "service.detection.sequence.endpoints[].domain", None),
    ("attack_sequence", "sha256",
     "service.detection.sequence.actors[].process.sha256", None),
    ("threat_intel_hash", "sha256",
     "service.evidence.threatIntelligenceDetails[].threatFileSha256", None),
]
# These need the group ipv6 and the group of their place.
PLACES_V6 = [
    ("network_connection",
     f"service.action.{NETWORK}.remoteIpDetails.ipAddressV6", NETWORK),
    ("port_probe", f"service.action.{PROBE}.portProbeDetails[]."
     "remoteIpDetails.ipAddressV6", PROBE),
    ("api_call",
     "service.action.awsApiCallAction.remoteIpDetails.ipAddressV6", None),
    ("kubernetes",
     "service.action.kubernetesApiCallAction.remoteIpDetails.ipAddressV6",
     None),
    ("rds",
     "service.action.rdsLoginAttemptAction.remoteIpDetails.ipAddressV6", None),
]


@dataclass
class Choices:
    """The part of the configuration that decides what becomes a row."""
    groups: tuple = DEFAULT_GROUPS
    samples: bool = False
    archived: bool = False
    guard: bool = True
    compat: bool = False
    own_prefix: str = "gti-"


# ---- reading ----

def values(node, path):
    """Everything at a dotted path, "[]" meaning each of an array."""
    if node is None:
        return []
    if not path:
        return [node]
    head, _, rest = path.partition(".")
    name, each, _ = head.partition("[]")
    child = node.get(name) if isinstance(node, dict) else None
    if each:
        return [found for item in child if item is not None
                for found in values(item, rest)] \
            if isinstance(child, list) else []
    return values(child, rest)


def one(node, path):
    found = values(node, path)
    return found[0] if found else None


def text(node, path):
    found = one(node, path)
    return found if isinstance(found, str) else None


def is_true(value):
    return value is True or value == "true"


def iso(value):
    """A time as the row has it: the text, or made of a number of seconds."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        date = datetime.datetime.fromtimestamp(
            round(value * 1000) // 1000, datetime.timezone.utc)
        return f"{date:%Y-%m-%dT%H:%M:%S}." \
               f"{round(value * 1000) % 1000:03d}Z"
    return value if isinstance(value, str) else None


def is_sample(finding):
    info = one(finding, "service.additionalInfo")
    if not isinstance(info, dict):
        return False
    if is_true(info.get("sample")):
        return True
    try:
        inner = json.loads(info.get("value") or "null")
    except (TypeError, ValueError):
        return False
    return isinstance(inner, dict) and is_true(inner.get("sample"))


def is_echo(finding, prefix):
    names = values(finding, "service.evidence.threatIntelligenceDetails[]."
                            "threatListName")
    names += values(finding, "service.additionalInfo.threatListName")
    try:
        inner = json.loads(one(finding, "service.additionalInfo.value") or
                           "null")
        names.append(inner.get("threatListName"))
    except (AttributeError, TypeError, ValueError):
        pass
    return any(isinstance(name, str) and name.startswith(prefix)
               for name in names)


# ---- texts ----

def severity(number, compat):
    if not isinstance(number, (int, float)) or isinstance(number, bool):
        return "unknown"
    if number < 1 or number > 10 or (compat and number == 10):
        return "unknown"
    for bound, name in ((4, "low"), (7, "medium"), (9, "high")):
        if number < bound:
            return name
    return "critical"


def scan_severity(finding):
    word = text(finding, "service.ebsVolumeScanDetails.scanDetections."
                         "highestSeverityThreatDetails.severity") or ""
    word = word.lower()
    return word if word in ("low", "medium", "high", "critical") else "unknown"


def tags(finding, action, scan):
    names = []
    if scan:
        names += values(finding, "service.ebsVolumeScanDetails.sources[]")
    else:
        names += values(finding, "resource.instanceDetails.tags[].value")
        if action and is_true(one(finding,
                                  f"service.action.{action}.blocked")):
            names.append(f"{action[0].upper()}{action[1:]}:Blocked")
    faces = "resource.instanceDetails.networkInterfaces[]."
    if values(finding, faces + "privateIpAddress"):
        names.append("private")
    if values(finding, faces + "publicIp"):
        names.append("public")
    return sorted({f"GuardDuty-{name}" for name in names
                   if isinstance(name, str) and name},
                  key=str.encode)


def comments(finding):
    def get(name, absent):
        found = text(finding, name)
        return absent if found is None else found
    return (f"Finding ARN: {get('arn', 'Not Found')}, "
            f"Finding Type: {get('type', 'Not Found')}, "
            f"Description: {get('description', 'None')}")


def scan_comments(finding, file):
    def get(node, name):
        found = text(node, name)
        return "Not Found" if found is None else found
    trigger = get(finding, "service.ebsVolumeScanDetails.triggerFindingId")
    return (f"Finding Arn: {get(finding, 'arn')}, "
            f"TriggerFindingId: {trigger}, "
            f"Name: {get(file, 'fileName')}, "
            f"Filepath: {get(file, 'filePath')}, "
            f"Description: {get(finding, 'description')}")


# ---- values ----

def canonical_v4(value, guard):
    network = oracle.canonical_ip(value) if "/" not in value else None
    if network is None or (guard and oracle.is_guarded("ip_address", network)):
        return None
    return str(network.network_address)


def canonical_v6(value, guard):
    if "%" in value:
        return None
    try:
        address = ipaddress.IPv6Address(value)
    except ValueError:
        return None
    if guard and not address.is_global:
        return None
    if address.ipv4_mapped is not None:
        return f"::ffff:{address.ipv4_mapped}"
    return str(address)


def canonical(kind, value, guard):
    if kind == "ipv4":
        return canonical_v4(value, guard)
    if kind == "ipv6":
        return canonical_v6(value, guard)
    if kind == "domain":
        name = oracle.canonical_domain(value)
        if name is not None and guard and oracle.is_guarded("domain", name):
            return None
        return name
    return value.lower() if re.fullmatch("[0-9a-fA-F]{64}", value) else None


# ---- rows ----

def candidates(finding, groups):
    """(kind, value, action, scanned file) of each wanted place."""
    for group, kind, path, action in PLACES:
        if group not in groups:
            continue
        for value in values(finding, path):
            if not isinstance(value, str):
                continue
            found = kind
            if kind == "ip":
                found = "ipv6" if ":" in value else "ipv4"
                if found == "ipv6" and "ipv6" not in groups:
                    continue
            yield found, value, action, None
    if "ipv6" in groups:
        for group, path, action in PLACES_V6:
            if group in groups:
                for value in values(finding, path):
                    if isinstance(value, str):
                        yield "ipv6", value, action, None
    if "ebs_volume_scan" in groups:
        for file in values(finding, "service.ebsVolumeScanDetails."
                           "scanDetections.threatDetectedByName.threatNames[]."
                           "filePaths[]"):
            value = text(file, "hash")
            if value:
                yield "sha256", value, None, file


def rows_of(finding, choices):
    """The rows of one version of one finding, as a list of dictionaries."""
    if not choices.compat:
        if (is_sample(finding) and not choices.samples) or \
                (is_true(one(finding, "service.archived"))
                 and not choices.archived) or \
                is_echo(finding, choices.own_prefix):
            return []
    rows = []
    for kind, raw, action, file in candidates(finding, choices.groups):
        value = canonical(kind, raw, choices.guard)
        if value is None:
            continue
        scan = file is not None
        row = {
            "value": value,
            "type": kind,
            "ce_type": "sha256" if kind == "sha256" else "url",
            "severity": scan_severity(finding) if scan else
            severity(finding.get("severity"), choices.compat),
            "reputation": 5,
            "tags": tags(finding, action, scan),
            "comments": scan_comments(finding, file) if scan else
            comments(finding),
            "first_seen": iso(one(finding, "service.eventFirstSeen")),
            "last_seen": iso(one(finding, "service.eventLastSeen")),
            "finding_id": text(finding, "id"),
            "finding_arn": text(finding, "arn"),
            "finding_type": text(finding, "type"),
            "account": text(finding, "accountId"),
            "region": text(finding, "region"),
        }
        if row not in rows:
            rows.append(row)
    return rows


def key(row):
    """A row as something that can be in a set: every field counts."""
    return json.dumps({name: value for name, value in row.items()
                       if value is not None}, sort_keys=True)


def expect(findings, choices=None):
    """The set of keys of all rows of these findings: one version of each."""
    choices = choices or Choices()
    versions = {}
    for finding in findings:
        versions[finding["id"], finding["updatedAt"]] = finding
    return {key(row) for finding in versions.values()
            for row in rows_of(finding, choices)}
