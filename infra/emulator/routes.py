"""The routes that SAM wrote into the API's document, made one by one: the emulator does not read that document."""

import boto3


def make(stack):
    """Makes every route of the stack's API, each to the alias that SAM names for it. Returns their keys."""
    cloudformation, api = boto3.client("cloudformation"), boto3.client("apigatewayv2")
    resources = cloudformation.get_template(StackName=stack, TemplateStage="Processed")["TemplateBody"]["Resources"]
    api_id = physical(cloudformation, stack, "Api")
    keys = []
    for path, methods in resources["Api"]["Properties"]["Body"]["paths"].items():
        for method, operation in methods.items():
            integration = operation["x-amazon-apigateway-integration"]
            # arn:…:lambda:path/2015-03-31/functions/${<the alias>}/invocations
            alias = integration["uri"]["Fn::Sub"].split("/functions/${")[1].split("}")[0]
            made = api.create_integration(
                ApiId=api_id,
                IntegrationType="AWS_PROXY",
                IntegrationUri=physical(cloudformation, stack, alias),
                PayloadFormatVersion=integration["payloadFormatVersion"],
                TimeoutInMillis=integration["timeoutInMillis"],
            )
            key = "$default" if path.endswith("$default") else f"{method.upper()} {path}"
            api.create_route(ApiId=api_id, RouteKey=key, Target=f"integrations/{made['IntegrationId']}")
            keys.append(key)
    return keys


def physical(cloudformation, stack, name):
    """The name that a resource got."""
    found = cloudformation.describe_stack_resource(StackName=stack, LogicalResourceId=name)
    return found["StackResourceDetail"]["PhysicalResourceId"]
