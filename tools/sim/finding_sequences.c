/* SPDX-License-Identifier: Apache-2.0 */
/* What: the parts of attack sequences: signals, endpoints, actors, and the
   resources of every type that the model knows. */
#include "finding.h"

const struct sim_finding_part sim_sequence_parts[] = {
    {"sequence-head",
     "'uid':'$(arn:guardduty)detector/$(detector)/attackSequence/$(id)',"
     "'description':'$(word) \\u2014 seen in 24 h',"
     "'additionalSequenceTypes':['$(word)'],"
     "'sequenceIndicators':[{'key':'MALICIOUS_IP','values':['$(ip4)'],"
     "'title':'t'},{'key':'HIGH_RISK_API','values':['s3:GetObject']}],"
     "$(signals),$(endpoints),$(actors)"},
    {"signals",
     "'signals':[^13({'uid':'$(uuid)','type':'<FINDING|CLOUD_TRAIL|DNS_LOGS>',"
     "'description':'$(word)','name':'s','createdAt':$(seconds),"
     "'updatedAt':$(seconds),'firstSeenAt':$(seconds),"
     "'lastSeenAt':$(seconds),'severity':<8|5.5|7.0>,'count':$(n:90),"
     "'resourceUids':['r1'],'actorIds':['a1'],'endpointIds':['e1','e2'],"
     "'signalIndicators':[{'key':'ATTACK_TACTIC','values':['Impact'],"
     "'title':'t'}]},^)]"},
    {"endpoints",
     "'endpoints':[^13({'id':'e1','ip':'$(ip4)',"
     "<'domain':'$(domain)',||'domain':null,>'port':$(n:65536),"
     "'location':{'city':'Berlin','country':'DE','lat':52.5,'lon':1.3E1},"
     "'autonomousSystem':{'name':'$(word)','number':24940},"
     "'connection':{'direction':'INBOUND'}},^)"
     "<{'id':'e9','domain':'$(domain)'}|{'id':'e9','ip':'$(ip6)'}|>]"},
    {"actors", "'actors':[{'id':'a1','user':{'name':'$(word)','uid':'AIDA1',"
               "'type':'IAMUser','credentialUid':'ASIA1',"
               "'account':{'uid':'$(account)','account':'n'}},"
               "'session':{'uid':'s','mfaStatus':'<ENABLED|DISABLED>',"
               "'createdTime':$(seconds),'issuer':'i'},"
               "'process':{'name':'p','path':'/p',"
               "<'sha256':'$(hash)'|'sha256':'$(hash)'|>}},<{'id':'a2'}|>]"},
    /* What every resource of a sequence has, besides its type and data. */
    {"involved",
     "'uid':'r1','name':'$(word)','accountId':'$(account)',"
     "'region':'$(region)','service':'s','cloudPartition':'$(partition)',"
     "$(tags)"},
    {"instances", "'ec2InstanceUids':['r1']"},
    {"access", "{'publicAclAccess':'BLOCKED','publicPolicyAccess':'ALLOWED',"
               "'publicAclIgnoreBehavior':'IGNORED',"
               "'publicBucketRestrictBehavior':'NOT_RESTRICTED'}"},
    {"involved-bucket",
     "{$(involved),'resourceType':'S3_BUCKET','data':{'s3Bucket':{"
     "'ownerId':'o','createdAt':$(seconds),'encryptionType':'AES256',"
     "'encryptionKeyArn':'k','effectivePermission':'NOT_PUBLIC',"
     "'publicReadAccess':'BLOCKED','publicWriteAccess':'ALLOWED',"
     "'accountPublicAccess':$(access),'bucketPublicAccess':$(access),"
     "'s3ObjectUids':['o1']}}}"},
    {"involved-instance",
     "{$(involved),'resourceType':'EC2_INSTANCE','data':{'ec2Instance':{"
     "'availabilityZone':'z','imageDescription':'i',"
     "'instanceState':'running','IamInstanceProfile':{'arn':'a','id':'i'},"
     "'instanceType':'t','outpostArn':'o','platform':'p',"
     "'productCodes':[{'productCodeId':'c','productCodeType':'t'}],"
     "'ec2NetworkInterfaceUids':['n']}}}"},
    {"involved-interface",
     "{$(involved),'resourceType':'EC2_NETWORK_INTERFACE','data':{"
     "'ec2NetworkInterface':{'ipv6Addresses':['::1'],"
     "'privateIpAddresses':[{'privateDnsName':'d',"
     "'privateIpAddress':'10.0.0.1'}],'publicIp':'3.3.3.3',$(groups),"
     "'subNetId':'s','vpcId':'v'}}}"},
    {"sequence-cloud",
     "'detection':{'sequence':{$(sequence-head),'resources':["
     "$(involved-bucket),$(involved-instance),$(involved-interface),"
     "{$(involved),'resourceType':'ACCESS_KEY','data':{"
     "'accessKey':{'principalId':'p','userName':'u','userType':'IAMUser'}}},"
     "{$(involved),'resourceType':'S3_OBJECT','data':{"
     "'s3Object':{'eTag':'e','key':'k','versionId':'v'}}},"
     "{$(involved),'resourceType':'IAM_INSTANCE_PROFILE','data':{"
     "'iamInstanceProfile':{$(instances)}}},"
     "{$(involved),'resourceType':'AUTOSCALING_AUTO_SCALING_GROUP','data':{"
     "'autoscalingAutoScalingGroup':{$(instances)}}},"
     "{$(involved),'resourceType':'EC2_LAUNCH_TEMPLATE','data':{"
     "'ec2LaunchTemplate':{$(instances),'version':'1'}}},"
     "{$(involved),'resourceType':'EC2_VPC','data':{"
     "'ec2Vpc':{$(instances)}}},"
     "{$(involved),'resourceType':'EC2_IMAGE','data':{"
     "'ec2Image':{$(instances)}}},"
     "{$(involved),'resourceType':'CLOUDFORMATION_STACK','data':{"
     "'cloudformationStack':{$(instances)}}}]}}"},
    {"sequence-cluster",
     "'detection':{'sequence':{$(sequence-head),'resources':["
     "{$(involved),'resourceType':'EKS_CLUSTER','data':{'eksCluster':{"
     "'arn':'a','createdAt':$(seconds),'status':'ACTIVE','vpcId':'v',"
     "$(instances)}}},"
     "{$(involved),'resourceType':'KUBERNETES_WORKLOAD','data':{"
     "'kubernetesWorkload':{'containerUids':['c'],'namespace':'n',"
     "'type':'PODS'}}},"
     "{$(involved),'resourceType':'CONTAINER','data':{"
     "'container':{'image':'i','imageUid':'u'}}},"
     "{$(involved),'resourceType':'ECS_CLUSTER','data':{"
     "'ecsCluster':{'status':'ACTIVE',$(instances)}}},"
     "{$(involved),'resourceType':'ECS_TASK','data':{'ecsTask':{"
     "'createdAt':$(seconds),'taskDefinitionArn':'t','launchType':'EC2',"
     "'containerUids':['c']}}}]}}"},
    {NULL, NULL},
};
