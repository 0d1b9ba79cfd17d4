"""Deletes the stack and looks at what is left: tear_down.py STACK

The table with the orders, and the secret without which no token that is about could be read. Nothing else that costs anything.
"""

import sys

import boto3

stack = sys.argv[1]
# `sam delete` does the same after it has removed the uploads, whose addresses it does not understand here.
cloudformation = boto3.client("cloudformation")
cloudformation.delete_stack(StackName=stack)
cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
tables = [name for name in boto3.client("dynamodb").list_tables()["TableNames"] if name.startswith(stack)]
secrets = [each["Name"] for each in boto3.client("secretsmanager").list_secrets()["SecretList"]]
functions = [each["FunctionName"] for each in boto3.client("lambda").list_functions()["Functions"]]
queues = boto3.client("sqs").list_queues().get("QueueUrls", [])
assert len(tables) == 1 and any(name.startswith(stack) for name in secrets), (tables, secrets)
assert not functions and not queues, (functions, queues)
orders = boto3.resource("dynamodb").Table(tables[0]).scan(FilterExpression="sk = :o", ExpressionAttributeValues={":o": "order"})
print(f"deleted; the table is left, with {sum(item['pk'].startswith('order#') for item in orders['Items'])} orders in it")
