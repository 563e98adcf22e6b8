/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the kinds of findings. The types are GuardDuty's own but for two that
 * stand for what may come: a type and an action that nobody knows. A type
 * occurs more than once where real findings of it differ in shape.
 */
#include <string.h>

#include "finding.h"

#define ATTACK "'resourceType':'AttackSequence'"
#define KIND(type, severity, title, resource, service)                         \
    {                                                                          \
        type, severity, title, resource, service                               \
    }
#define PLAIN ",<$(info)||'additionalInfo':null>,$(tail)"
#define BARE ",$(tail-plain)"

const struct sim_finding_kind sim_finding_kinds[] = {
    KIND("UnauthorizedAccess:EC2/SSHBruteForce", "20", "SSH brute force",
         "$(instance)", "$(network)" PLAIN),
    KIND("Backdoor:EC2/C&CActivity.B", "80", "Command and control",
         "$(instance)", "$(network)" PLAIN),
    KIND("CryptoCurrency:EC2/BitcoinTool.B", "80", "Bitcoin", "$(instance)",
         "$(network-blocked)" PLAIN),
    KIND("UnauthorizedAccess:EC2/TorClient", "80", "Tor over IPv6",
         "$(instance)", "$(network6)" PLAIN),
    KIND("Behavior:EC2/NetworkPortUnusual", "50", "No peer", "$(instance)",
         "$(network-bare)" PLAIN),
    KIND("Behavior:EC2/TrafficVolumeUnusual", "55", "Both families",
         "$(instance)", "$(network-both)" PLAIN),
    KIND("Recon:EC2/PortProbeUnprotectedPort", "20", "Probes", "$(instance)",
         "$(probes)" PLAIN),
    KIND("Recon:EC2/PortProbeEMRUnprotectedPort", "85", "One probe",
         "$(instance)", "$(probe-one)" PLAIN),
    KIND("Recon:EC2/PortProbeUnprotectedPort", "20", "No probe", "$(instance)",
         "$(probe-none)" PLAIN),
    KIND("Backdoor:EC2/C&CActivity.B!DNS", "90", "C2 by DNS", "$(instance)",
         "$(dns-suffix)" PLAIN),
    KIND("Trojan:EC2/DNSDataExfiltration", "85", "DNS exfiltration",
         "$(instance)", "$(dns)" PLAIN),
    KIND("CryptoCurrency:EC2/BitcoinTool.B!DNS", "99", "Odd spelling",
         "$(instance)", "$(dns-odd)" PLAIN),
    KIND("UnauthorizedAccess:IAMUser/MaliciousIPCaller", "50", "API caller",
         "$(access-key)", "$(api)" PLAIN),
    KIND("Discovery:S3/MaliciousIPCaller", "85", "S3 caller", "$(buckets)",
         "$(api)" PLAIN),
    KIND("CredentialAccess:IAMUser/AnomalousBehavior", "55", "Anomaly",
         "$(access-key)", "$(api-domain),$(anomaly)" BARE),
    KIND("Discovery:IAMUser/AnomalousBehavior", "20", "Anomaly over IPv6",
         "$(access-key)", "$(api6),$(anomaly)" PLAIN),
    KIND("Stealth:IAMUser/PasswordPolicyChange", "20", "No caller",
         "$(access-key)", "$(api-bare)" PLAIN),
    KIND("UnauthorizedAccess:EC2/MaliciousIPCaller.Custom", "50",
         "Own list, evidence", "$(instance)", "$(network),$(own-list)" BARE),
    KIND("Recon:IAMUser/MaliciousIPCaller.Custom", "50", "Own list, named",
         "$(access-key)", "$(api),$(own-info)" BARE),
    KIND("UnauthorizedAccess:EC2/MaliciousIPCaller.Custom", "50",
         "Own list, in the value", "$(instance)",
         "$(network),$(own-info-value)" BARE),
    KIND("Impact:EC2/MaliciousDomainRequest.Custom", "55", "Own domain list",
         "$(instance)", "$(dns),$(own-list),$(own-info)" BARE),
    KIND("UnauthorizedAccess:EC2/MaliciousIPCaller.Custom", "50",
         "Foreign list", "$(instance)", "$(network),$(other-list)" BARE),
    KIND("Discovery:Kubernetes/MaliciousIPCaller", "50", "Kubernetes caller",
         "$(eks)", "$(kubernetes)}" PLAIN),
    KIND("PrivilegeEscalation:Kubernetes/AnomalousBehavior.RoleBindingCreated",
         "80", "Role binding", "$(eks)", "$(kubernetes)$(role-binding)}" PLAIN),
    KIND("CredentialAccess:RDS/MaliciousIPCaller.SuccessfulLogin", "80",
         "RDS login", "$(rds)", "$(rds-login)" PLAIN),
    KIND("CredentialAccess:RDS/AnomalousBehavior.FailedLogin", "20",
         "RDS login over IPv6", "$(rds-limitless)", "$(rds-login6)" PLAIN),
    KIND("Execution:EC2/MaliciousFile", "85", "Volume scan",
         "$(instance),$(ebs)", "$(scan)" BARE),
    KIND("Execution:ECS/MaliciousFile", "100", "Shortened scan",
         "$(ecs),$(ebs)", "$(scan-shortened)" BARE),
    KIND("Execution:Kubernetes/MaliciousFile", "85", "Archive members",
         "$(eks),$(ebs)", "$(scan-archives)" BARE),
    KIND("Execution:Container/SuspiciousFile", "55", "Scan without hashes",
         "$(container-resource),$(ebs)", "$(scan-bare)" BARE),
    KIND("Execution:Runtime/NewBinaryExecuted", "50", "New binary",
         "$(instance)", "$(process-new)" BARE),
    KIND("PrivilegeEscalation:Runtime/DockerSocketAccessed", "55", "Socket",
         "$(ecs)", "$(process-context)" BARE),
    KIND("Backdoor:Runtime/C&CActivity.B!DNS", "85", "C2 of a process",
         "$(instance)", "$(dns),$(process-new)" BARE),
    KIND("DefenseEvasion:Runtime/ProcessInjection.Ptrace", "20", "Injection",
         "$(eks)", "$(process-target)" BARE),
    KIND("DefenseEvasion:Runtime/KernelModuleLoaded", "85", "Kernel module",
         "$(instance)", "$(process-module)" BARE),
    KIND("UnauthorizedAccess:Runtime/TorRelay", "80", "Peer of a process",
         "$(instance)", "$(network),$(process-new)" BARE),
    KIND("Object:S3/MaliciousFile", "85", "Malware in S3", "$(object)",
         "$(malware)" BARE),
    KIND("Execution:EC2/MaliciousFile!Snapshot", "80", "Malware in a snapshot",
         "$(snapshot)", "$(malware)" BARE),
    KIND("Execution:EC2/MaliciousFile!AMI", "80", "Malware in an image",
         "$(image)", "$(malware)" BARE),
    KIND("Execution:EC2/MaliciousFile!RecoveryPoint", "80",
         "Malware in a backup", "$(recovery-point)", "$(malware)" BARE),
    KIND("AttackSequence:IAM/CompromisedCredentials", "90", "Credentials",
         ATTACK, "$(sequence-cloud)" BARE),
    KIND("AttackSequence:S3/CompromisedData", "95", "Data", ATTACK,
         "$(sequence-cloud)" BARE),
    KIND("AttackSequence:EKS/CompromisedCluster", "100", "Cluster", ATTACK,
         "$(sequence-cluster)" BARE),
    KIND("UnauthorizedAccess:Lambda/MaliciousIPCaller", "50", "Lambda",
         "$(lambda)", "$(network)" PLAIN),
    KIND("Trojan:EC2/DropPoint", "50", "Evidence with a hash", "$(instance)",
         "$(network),$(threat-file)" BARE),
    KIND("Impact:Runtime/CryptoMinerExecuted", "80", "Hash of a list", "$(eks)",
         "$(process-new),$(threat-file)" BARE),
    KIND("UnauthorizedAccess:EC2/RDPBruteForce", "20", "Two actions",
         "$(instance)",
         "'action':{'actionType':'NETWORK_CONNECTION',"
         "'networkConnectionAction':{$(remote6),$(connection)},"
         "'dnsRequestAction':{'domain':'$(domain)','blocked':true},"
         "'portProbeAction':{'portProbeDetails':[$(probe)]}}" PLAIN),
    KIND("Future:EC2/QuantumTunnel", "60", "Unknown action", "$(instance)",
         "'action':{'actionType':'QUANTUM_CALL','quantumCallAction':{"
         "$(remote),'spin':[0.5,-5E-1]}}" PLAIN),
    KIND("Future:Moon/Base", "10", "Unknown shape",
         "'resourceType':'MoonBase','moonBaseDetails':{'crew':[null,{}]}",
         "'orbitDetails':{'ipAddressV4':'$(ip4)'},'action':null" PLAIN),
    KIND("Policy:S3/BucketAnonymousAccessGranted", "80", "No service",
         "$(buckets)", NULL),
    KIND("Policy:IAMUser/RootCredentialUsage", "20", "No action",
         "$(access-key)", "$(tail)"),
    KIND("UnauthorizedAccess:EC2/TorIPCaller", "50", "[SAMPLE] flag",
         "$(instance)", "$(network),$(sample-flag)" BARE),
    KIND("UnauthorizedAccess:EC2/TorRelay", "80", "[SAMPLE] value",
         "$(instance)", "$(network),$(sample-value)" BARE),
    KIND("Trojan:EC2/BlackholeTraffic", "50", "[SAMPLE] spaced", "$(instance)",
         "$(dns),$(sample-spaced)" BARE),
    KIND("Trojan:EC2/DGADomainRequest.B", "80", "[SAMPLE] both", "$(instance)",
         "$(dns),$(sample-both)" BARE),
    KIND("Recon:EC2/Portscan", "50", "Says sample, is none", "$(instance)",
         "$(network),$(sample-decoy)" BARE),
};

const unsigned sim_finding_kind_count =
    sizeof(sim_finding_kinds) / sizeof(sim_finding_kinds[0]);

int sim_finding_kind_of(const char *type)
{
    for (unsigned i = 0; i < sim_finding_kind_count; i++) {
        if (strcmp(sim_finding_kinds[i].type, type) == 0) {
            return (int)i;
        }
    }
    return -1;
}
