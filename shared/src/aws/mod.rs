//! The AWS services behind the ports: DynamoDB and SQS, and the clients of the SDK.

pub mod clients;
pub mod dynamodb;
pub mod error;
pub mod sqs;
