//! An Amazon SQS endpoint that lives in this process and keeps everything in memory, for local
//! development and tests.
//!
//! It speaks the AWS JSON 1.0 protocol that current SDKs use, so a service under test needs only
//! another endpoint URL. [`Queues`] is the account: create queues on it, use them in process
//! through [`Queue`], or put the account on a socket with [`serve`].
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let queues = local_sqs::Queues::default();
//! queues.create("orders", &[("VisibilityTimeout", "30")])?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! local_sqs::serve(listener, queues, std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What it keeps of SQS
//! Standard queues with visibility timeouts, delays, retention, receive counts, dead-letter queues,
//! message move tasks, long polling, batches, message attributes and their MD5 digests, and the
//! error codes of the service. Limits are those of the
//! [quotas page](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).
//!
//! # What it leaves out
//! FIFO queues (refused), request signatures (not checked), permissions, tags, encryption and queue
//! policies (policies and encryption settings are stored and returned, nothing more), the
//! enforcement of `RedriveAllowPolicy`, the 60 second rules after `PurgeQueue` and `DeleteQueue`,
//! and the pace of a move task (it is finished when the call returns).
//!
//! # Time
//! Timeouts, delays and retention run on [`tokio::time`], so they follow a paused test clock; the
//! timestamps that messages and queues report come from the system clock.

mod account;
mod backlog;
mod digest;
mod error;
mod message;
mod message_attributes;
mod move_history;
mod move_task;
mod queue;
mod queue_state;
mod queues;
mod receipt;
mod receive;
mod redrive_policy;
mod server;
mod settings;
mod timestamp;
mod wire;

pub use account::ACCOUNT_ID;
pub use error::{Error, ErrorKind};
pub use message::{NewMessage, Received, Sent};
pub use message_attributes::{AttributeValue, MessageAttributes};
pub use move_history::{MoveFailure, MoveTask};
pub use queue::Queue;
pub use queues::Queues;
pub use receive::ReceiveOptions;
pub use server::serve;
