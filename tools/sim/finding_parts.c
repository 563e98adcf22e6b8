/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the parts that several kinds of findings are made of: resources,
 * peers, processes. Every structure of the model's `resource` is here. Where
 * real findings leave a member out, or say null, so do these.
 */
#include "finding.h"

const struct sim_finding_part sim_resource_parts[] = {
    {"tags", "'tags':[^03({'key':'$(word)','value':'<$(word)|$(word)|>'},^)]"},
    {"city",
     "'city':{'cityName':'<Berlin|S\xc3\xa3o Paulo|\\u0141\\u00f3d\\u017a|"
     ">'},'country':{<'countryCode':'DE',|>'countryName':'<Germany|Brasil>'},"
     "'geoLocation':{'lat':<52.5244|-23.55|5.15E1|0>,'lon':<13.41|-0.0|19>},"
     "'organization':{'asn':'<24940|-1>',"
     "'asnOrg':'Hetzner Online \\\"GmbH\\\"','isp':'$(word)','org':'$(word)'}"},
    {"remote", "'remoteIpDetails':{'ipAddressV4':'$(ip4)',$(city)}"},
    {"remote6", "'remoteIpDetails':{<'ipAddressV4':null,|>'ipAddressV6':'$(ip6)"
                "',$(city)}"},
    {"remote-both", "'remoteIpDetails':{$(city),'ipAddressV6':'$(ip6)',"
                    "'ipAddressV4':'$(ip4)'}"},
    {"local-port", "'localPortDetails':{'port':<22|80|3389|8088|-1>,"
                   "'portName':'<SSH|HTTP|RDP|Unknown>'}"},
    {"local-ip", "'localIpDetails':{'ipAddressV4':'$(ip-private)'<,"
                 "'ipAddressV6':'fd00::$(hex:4)'|||>}"},
    {"groups",
     "'securityGroups':[^12({'groupName':'$(word)','groupId':'sg-$(hex:17)'},"
     "^)]"},
    {"interface",
     "{'ipv6Addresses':[<'2600:1f18::$(hex:4)'|>],"
     "'networkInterfaceId':'eni-$(hex:17)',"
     "<'privateDnsName':'ip-10-0-0-1.ec2.internal',"
     "'privateIpAddress':'$(ip-private)',"
     "'privateIpAddresses':[^12({'privateDnsName':'ip-10-0-0-1.ec2.internal',"
     "'privateIpAddress':'$(ip-private)'},^)]||'privateIpAddress':null>,"
     "<'publicDnsName':'ec2-3-4-5-6.compute.amazonaws.com',"
     "'publicIp':'3.$(n:255).$(n:255).$(n:255)'||'publicDnsName':''>,"
     "$(groups),'subnetId':'subnet-$(hex:17)','vpcId':'vpc-$(hex:17)'}"},
    {"instance",
     "'resourceType':'Instance','instanceDetails':{'instanceId':'i-$(hex:"
     "17)','instanceType':'<m3.xlarge|t3.micro>','launchTime':'$(past)',"
     "<'platform':null|'platform':'windows'|>,"
     "'availabilityZone':'$(region)a',"
     "<'imageDescription':'$(word)'|'imageDescription':null>,"
     "'imageId':'ami-$(hex:17)','instanceState':'running',"
     "<'outpostArn':null|'outpostArn':'$(arn:outposts)outpost/op-$(hex:17)'|"
     ">,'productCodes':[<{'productCodeId':'$(hex:25)',"
     "'productCodeType':'marketplace'}||>],"
     "<'iamInstanceProfile':{'arn':'arn:$(partition):iam::$(account):"
     "instance-profile/web','id':'AIPA$(n:99999999)'}|'iamInstanceProfile':"
     "null>,'networkInterfaces':[<$(interface)|$(interface),"
     "$(interface)|$(interface)>],<$(tags)|$(tags)|'tags':null|>}"},
    {"access-key",
     "'resourceType':'AccessKey','accessKeyDetails':{'accessKeyId':'ASIA$(n:"
     "99999999)','principalId':'AIDA$(n:99999999):$(word)',"
     "'userName':'<backup|$(word)>','userType':'<IAMUser|AssumedRole|Root>'}"},
    {"block-access", "'blockPublicAccess':{'ignorePublicAcls':<true|false>,"
                     "'restrictPublicBuckets':false,'blockPublicAcls':true,"
                     "'blockPublicPolicy':false}"},
    {"bucket",
     "{'arn':'arn:$(partition):s3:::b-$(hex:8)','name':'b-$(hex:8)',"
     "'type':'<Destination|Source>','createdAt':$(seconds),"
     "'owner':{'id':'CanonicalId$(hex:8)'},$(tags),"
     "'defaultServerSideEncryption':{'encryptionType':'SSEAlgorithm',"
     "'kmsMasterKeyArn':'$(arn:kms)key/$(uuid)'},"
     "'publicAccess':{'permissionConfiguration':{'bucketLevelPermissions':{"
     "'accessControlList':{'allowsPublicReadAccess':false,"
     "'allowsPublicWriteAccess':false},"
     "'bucketPolicy':{'allowsPublicReadAccess':<true|false>,"
     "'allowsPublicWriteAccess':false},$(block-access)},"
     "'accountLevelPermissions':{$(block-access)}},"
     "'effectivePermission':'NOT_PUBLIC'}}"},
    {"buckets",
     "'resourceType':'S3Bucket','s3BucketDetails':[^12($(bucket),^)]"},
    {"object",
     "'resourceType':'S3Object','s3BucketDetails':[{'arn':'arn:$(partition):"
     "s3:::up-$(hex:8)','name':'up','type':'Destination',"
     "'s3ObjectDetails':[^12({'objectArn':'arn:$(partition):s3:::up/$(hex:"
     "8)','key':'in/$(word).zip','eTag':'$(hex:32)','hash':'$(hash)',"
     "'versionId':'$(hex:32)'},^)]}]"},
    {"volume-mounts",
     "'volumeMounts':[^02({'name':'$(word)','mountPath':'/v'},^)],"
     "'securityContext':{'privileged':<true|false>,"
     "'allowPrivilegeEscalation':false}"},
    {"container",
     "{'containerRuntime':'containerd','id':'$(hex:64)','name':'$(word)',"
     "'image':'repo/app:1','imagePrefix':'repo',$(volume-mounts)}"},
    {"containers", "'containers':[^12($(container),^)],'volumes':[{'name':'v',"
                   "'hostPath':{'path':'/var/run'}}]"},
    {"eks-cluster",
     "'eksClusterDetails':{'name':'k','arn':'$(arn:eks)cluster/k',"
     "'vpcId':'vpc-$(hex:17)','status':'ACTIVE',$(tags),"
     "'createdAt':$(seconds)}"},
    {"kubernetes-user",
     "'kubernetesUserDetails':{'username':'system:anonymous','uid':'$(uuid)',"
     "'groups':['system:unauthenticated'],'sessionName':['$(word)'],"
     "<'impersonatedUser':{'username':'admin','groups':['g']}|>}"},
    {"eks",
     "'resourceType':'EKSCluster',$(eks-cluster),"
     "'kubernetesDetails':{$(kubernetes-user),"
     "<'kubernetesWorkloadDetails':null|'kubernetesWorkloadDetails':{'name':"
     "'w','type':'pods','uid':'$(uuid)','namespace':'default',"
     "'hostNetwork':true,'serviceAccountName':'sa','hostIPC':false,"
     "'hostPID':true,$(containers)}>}"},
    {"volume",
     "{'volumeArn':'$(arn:ec2)volume/vol-$(hex:17)','volumeType':'gp3',"
     "'deviceName':'/dev/sda1','volumeSizeInGB':$(n:900),"
     "'encryptionType':'<UNENCRYPTED|CMK>',"
     "'snapshotArn':'$(arn:ec2)snapshot/snap-$(hex:17)',"
     "<'kmsKeyArn':null|'kmsKeyArn':'$(arn:kms)key/$(uuid)'>}"},
    {"ebs", "'ebsVolumeDetails':{'scannedVolumeDetails':[^12($(volume),^)],"
            "'skippedVolumeDetails':[<$(volume)|>]}"},
    {"container-resource",
     "'resourceType':'Container','containerDetails':$(container)"},
    {"ecs",
     "'resourceType':'ECSCluster','ecsClusterDetails':{'name':'e',"
     "'arn':'$(arn:ecs)cluster/e','status':'ACTIVE','activeServicesCount':1,"
     "'registeredContainerInstancesCount':2,'runningTasksCount':3,$(tags),"
     "'taskDetails':{'arn':'$(arn:ecs)task/$(hex:32)',"
     "'definitionArn':'$(arn:ecs)task-definition/t:1','version':'1',"
     "'createdAt':$(seconds),'startedAt':$(seconds),'startedBy':'$(word)',"
     "$(tags),$(containers),'group':'service:x','launchType':'FARGATE'}}"},
    {"lambda",
     "'resourceType':'Lambda','lambdaDetails':{'functionArn':'$(arn:"
     "lambda)function:f','functionName':'f','description':'$(word)',"
     "'lastModifiedAt':$(seconds),'revisionId':'$(uuid)',"
     "'functionVersion':'\\u0024LATEST',"
     "'role':'arn:$(partition):iam::$(account):role/f',"
     "'vpcConfig':{'subnetIds':['subnet-$(hex:8)'],'vpcId':'vpc-$(hex:8)',"
     "$(groups)},$(tags)}"},
    {"rds",
     "'resourceType':'RDSDBInstance',"
     "'rdsDbInstanceDetails':{'dbInstanceIdentifier':'db1',"
     "'engine':'Aurora MySQL','engineVersion':'3','dbClusterIdentifier':'c',"
     "'dbInstanceArn':'$(arn:rds)db:db1','dbiResourceId':'db-$(hex:10)',"
     "$(tags)},'rdsDbUserDetails':{'user':'$(word)','application':'psql',"
     "'database':'d','ssl':'No SSL','authMethod':'sha256_password'}"},
    {"rds-limitless", "'resourceType':'RDSLimitlessDB',"
                      "'rdsLimitlessDbDetails':{'dbShardGroupIdentifier':'s',"
                      "'dbShardGroupResourceId':'sg-$(hex:8)',"
                      "'dbShardGroupArn':'$(arn:rds)shard-group:s',"
                      "'engine':'aurora-postgresql','engineVersion':'16',"
                      "'dbClusterIdentifier':'c',$(tags)},'rdsDbUserDetails':{'"
                      "user':'$(word)'}"},
    {"snapshot",
     "'resourceType':'EBSSnapshot','ebsSnapshotDetails':{'snapshotArn':'$("
     "arn:ec2)snapshot/snap-$(hex:17)'}"},
    {"image", "'resourceType':'EC2Image','ec2ImageDetails':{'imageArn':'$(arn:"
              "ec2)image/ami-$(hex:17)'}"},
    {"recovery-point",
     "'resourceType':'RecoveryPoint',"
     "'recoveryPointDetails':{'recoveryPointArn':'$(arn:backup)rp:$(uuid)',"
     "'backupVaultName':'v'}"},
    {"lineage",
     "'lineage':[^03({'startTime':$(seconds),'namespacePid':1,'userId':0,"
     "'name':'sh','pid':$(n:32768),'uuid':'$(uuid)',"
     "'executablePath':'/bin/sh','euid':0,'parentUuid':'$(uuid)'},^)]"},
    {"process",
     "{'name':'x','executablePath':'/tmp/x','executableSha256':'$(hash)',"
     "'namespacePid':$(n:32768),'pwd':'/tmp','pid':$(n:32768),"
     "'startTime':$(seconds),'uuid':'$(uuid)','parentUuid':'$(uuid)',"
     "'user':'root','userId':0,'euid':0,$(lineage)}"},
    {"info", "'additionalInfo':{'value':'{\\\"inBytes\\\":\\\"$(n:9999)\\\","
             "\\\"unusual\\\":{\\\"hours\\\":[1,2]},\\\"sample\\\":false}',"
             "'type':'default'}"},
    {"tail", "<'evidence':null,|>'archived':$(archived),'count':$(count),"
             "'detectorId':'$(detector)','eventFirstSeen':'$(first)',"
             "'eventLastSeen':'$(last)','resourceRole':'<TARGET|ACTOR>',"
             "'serviceName':'guardduty'<,'userFeedback':'USEFUL'||,"
             "'userFeedback':null|><,'featureName':'FlowLogs'|>"},
    {"tail-plain",
     "'archived':$(archived),'count':$(count),'detectorId':'$(detector)',"
     "'eventFirstSeen':'$(first)','eventLastSeen':'$(last)',"
     "'serviceName':'guardduty'"},
    {NULL, NULL},
};
