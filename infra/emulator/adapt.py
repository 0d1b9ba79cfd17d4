"""template.yaml for the emulator, with bootstraps that were built before: adapt.py TEMPLATE BOOTSTRAPS OUT

What the emulator cannot take is taken out here, and each thing is printed; README.md says what that leaves untried.
"""

import pathlib
import platform
import sys

from samcli.yamlhelper import yaml_dump, yaml_parse

template, bootstraps, out = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])


def main():
    stack = yaml_parse(template.read_text())
    del stack["Globals"]["Function"]["DeploymentPreference"]
    print("left out: gradual deployment, for there is no CodeDeploy")
    # What `sam build` does for the machine it runs on.
    processor = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    stack["Parameters"]["Architecture"]["Default"] = processor
    for resource in stack["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            function(stack, resource)
        elif resource["Type"] == "AWS::Serverless::Application":
            resource["Properties"]["Location"] = nested(template.parent / resource["Properties"]["Location"])
    out.write_text(yaml_dump(stack))


def function(stack, resource):
    binary = resource["Metadata"]["BuildProperties"]["Binary"]
    resource["Properties"]["CodeUri"] = str(bootstraps / binary)
    for event in resource["Properties"].get("Events", {}).values():
        scaling = event.get("Properties", {}).get("ScalingConfig")
        if scaling:
            # Parameters arrive there as strings, on which its poller stops.
            scaling["MaximumConcurrency"] = stack["Parameters"][scaling["MaximumConcurrency"]["Ref"]]["Default"]


def nested(location):
    application = yaml_parse(location.read_text())
    for name, resource in list(application["Resources"].items()):
        if resource["Type"] == "AWS::SQS::QueuePolicy":
            del application["Resources"][name]
            print("left out: the queues' refusal of plain http, which is what is spoken here")
        if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]:
            del application["Resources"][name]
            print(f"left out: alarm {name}, for there are no alarms over several metrics")
    copy = out.with_name("-".join(location.relative_to(template.parent).parts))
    copy.write_text(yaml_dump(application))
    return str(copy)


main()
