//! Lambda's event source mapping for the table's stream, here: reads on from a place, calls the consumer, and moves the place
//! as far as the batch was worked off. <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use aws_lambda_events::dynamodb::{Event, EventRecord};
use aws_sdk_sqs::{Client, types::QueueAttributeName};
use dynoxide::{
    Database,
    actions::{
        describe_stream::DescribeStreamRequest, get_records::GetRecordsRequest,
        get_shard_iterator::GetShardIteratorRequest, list_streams::ListStreamsRequest,
    },
};
use serde_dynamo::AttributeValue;
use serde_json::json;
use tokio::sync::Mutex;

use crate::{error::StartError, functions::Functions, template};

/// How often the stream is looked at. Lambda does so four times a second.
const EVERY: Duration = Duration::from_millis(100);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The table's stream in the embedded store: one shard.
#[derive(Clone)]
struct Stream {
    database: Database,
    arn: String,
    shard: String,
}

impl Stream {
    fn open(database: Database) -> Result<Self, StartError> {
        let unusable = |what: &str| StartError::new(format!("the table's stream cannot be used: {what}"));
        let streams = database.list_streams(ListStreamsRequest::default()).map_err(|e| unusable(&e.to_string()))?;
        let arn = streams.streams.into_iter().next().ok_or_else(|| unusable("there is none"))?.stream_arn;
        let request = DescribeStreamRequest { stream_arn: arn.clone(), ..DescribeStreamRequest::default() };
        let described = database.describe_stream(request).map_err(|e| unusable(&e.to_string()))?;
        let shard = described.stream_description.shards.into_iter().next().ok_or_else(|| unusable("it is empty"))?;
        Ok(Self { database, arn, shard: shard.shard_id })
    }

    /// Up to `limit` records after a place; without one, from the oldest that there is.
    fn after(&self, place: Option<&str>, limit: usize) -> Result<Vec<EventRecord>, String> {
        let iterator = self.database.get_shard_iterator(GetShardIteratorRequest {
            stream_arn: self.arn.clone(),
            shard_id: self.shard.clone(),
            shard_iterator_type: if place.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" }.to_owned(),
            sequence_number: place.map(str::to_owned),
        });
        let iterator = iterator.map_err(|cause| cause.to_string())?.shard_iterator.unwrap_or_default();
        let request = GetRecordsRequest { shard_iterator: iterator, limit: Some(limit) };
        let records = self.database.get_records(request).map_err(|cause| cause.to_string())?.records;
        let record = |record| serde_json::to_value(record).and_then(serde_json::from_value);
        records.into_iter().map(record).collect::<Result<_, _>>().map_err(|cause: serde_json::Error| cause.to_string())
    }
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There was nothing new.
    Idle,
    /// All that was read is worked off.
    Worked,
    /// The consumer failed, or reported a record that must come again.
    Again,
}

struct State {
    /// The last record that is worked off.
    place: Option<String>,
    /// Records of a batch; halved while the consumer fails.
    limit: usize,
    /// Since when the record after the place has failed.
    failing: Option<(String, Instant)>,
}

/// The mapping. Clones are one mapping.
#[derive(Clone)]
pub struct StreamPoller {
    stream: Stream,
    mapping: template::StreamMapping,
    functions: Functions,
    client: Client,
    unpublished_url: String,
    state: Arc<Mutex<State>>,
}

impl StreamPoller {
    /// A mapping that begins after `place`. `client` and `unpublished_url`: where it puts aside what the consumer cannot
    /// work off.
    pub fn open(
        database: Database,
        mapping: template::StreamMapping,
        functions: Functions,
        (client, unpublished_url): (Client, String),
        place: Option<String>,
    ) -> Result<Self, StartError> {
        let state = State { place, limit: mapping.batch_size, failing: None };
        let stream = Stream::open(database)?;
        Ok(Self { stream, mapping, functions, client, unpublished_url, state: Arc::new(Mutex::new(state)) })
    }

    /// Polls until it is dropped.
    pub async fn run(self) {
        let mut pause = EVERY;
        loop {
            pause = match self.step().await {
                Step::Worked => continue,
                Step::Idle => EVERY,
                Step::Again => (pause * 2).clamp(Duration::from_secs(1), LONGEST_PAUSE),
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// The last record that is worked off.
    pub async fn place(&self) -> Option<String> {
        self.state.lock().await.place.clone()
    }

    /// Begins again after a place; none: with the oldest record.
    pub async fn go_back_to(&self, place: Option<String>) {
        self.state.lock().await.place = place;
    }

    /// Works off one batch.
    pub async fn step(&self) -> Step {
        let mut state = self.state.lock().await;
        let records = match self.stream.after(state.place.as_deref(), state.limit) {
            Ok(records) => records,
            Err(cause) => {
                tracing::error!(cause, "the stream cannot be read");
                return Step::Again;
            }
        };
        let places: Vec<String> = records.iter().filter_map(|record| record.change.sequence_number.clone()).collect();
        let Some(last) = places.last().cloned() else { return Step::Idle };
        let mut event = Event::default();
        event.records = records.into_iter().filter(|record| self.is_shown(record)).collect();
        let first = event.records.first().and_then(|record| record.change.sequence_number.clone());
        let (Some(first), false) = (first, event.records.is_empty()) else {
            state.place = Some(last);
            return Step::Worked;
        };
        let timeout = Duration::from_secs(self.mapping.consumer_timeout);
        let functions = self.functions.clone();
        // A task of its own: a consumer that panics or takes too long loses its batch, not the poller.
        let work = tokio::spawn(async move { functions.publish_events(event).await });
        let stop = work.abort_handle();
        let answer = tokio::time::timeout(timeout, work).await;
        stop.abort();
        let failed = if let Ok(Ok(answer)) = answer {
            state.limit = self.mapping.batch_size;
            // The lowest that is reported, and all after it, come again.
            answer.batch_item_failures.into_iter().map(|it| it.item_identifier.unwrap_or(first.clone())).min()
        } else {
            // Without an answer the whole batch comes again, in halves.
            state.limit = (state.limit / 2).max(1);
            Some(first)
        };
        let Some(failed) = failed else {
            (state.place, state.failing) = (Some(last), None);
            return Step::Worked;
        };
        // Up to the one before it all is done. Sequence numbers have one length.
        state.place = places.iter().rfind(|place| **place < failed).cloned().or(state.place.take());
        self.put_aside(&mut state, failed).await;
        Step::Again
    }

    fn is_shown(&self, record: &EventRecord) -> bool {
        matches!(record.change.keys.get("pk"), Some(AttributeValue::S(pk)) if pk.starts_with(&self.mapping.prefix))
    }

    /// A record that has failed for longer than the mapping's maximum is put aside, by its place in the stream.
    async fn put_aside(&self, state: &mut State, failed: String) {
        let since = match state.failing.take() {
            Some((place, since)) if place == failed => since,
            _ => Instant::now(),
        };
        let maximum = Duration::from_secs(self.mapping.maximum_age.unsigned_abs());
        if since.elapsed() < maximum {
            state.failing = Some((failed, since));
            return;
        }
        let info = json!({ "DDBStreamBatchInfo": {
            "streamArn": self.stream.arn, "shardId": self.stream.shard, "batchSize": 1,
            "startSequenceNumber": failed, "endSequenceNumber": failed,
        } });
        let sent = self.client.send_message().queue_url(&self.unpublished_url).message_body(info.to_string()).send();
        if sent.await.is_ok() {
            state.place = Some(failed);
        }
    }
}

/// Where the stream is to be read from after a restart: a file beside the data. The queue of events is in memory, so the place
/// moves only when the queue is empty; events that were in it at the end are published again, with the same ids.
pub struct KeptPlace {
    file: PathBuf,
    kept: Option<String>,
}

impl KeptPlace {
    /// Reads the file; none: from the stream's beginning.
    pub fn read(file: PathBuf) -> Self {
        let kept = std::fs::read_to_string(&file).ok().map(|text| text.trim().to_owned());
        // A damaged place is none: what is published again does no harm.
        Self { file, kept: kept.filter(|text| text.len() == 21 && text.bytes().all(|byte| byte.is_ascii_digit())) }
    }

    /// The place.
    pub fn place(&self) -> Option<String> {
        self.kept.clone()
    }

    /// Follows a mapping until it is dropped.
    pub async fn follow(mut self, poller: StreamPoller, client: Client, queue_url: String) {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            // In this order: what was published up to that place is in the queue, or was and is delivered.
            let place = poller.place().await;
            if place != self.kept && is_empty(&client, &queue_url).await {
                self.keep(place);
            }
        }
    }

    fn keep(&mut self, place: Option<String>) {
        let Some(text) = &place else { return };
        let beside = self.file.with_extension("new");
        let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, &self.file));
        match written {
            Ok(()) => self.kept = place,
            Err(cause) => tracing::warn!(%cause, "the place in the stream cannot be kept"),
        }
    }
}

async fn is_empty(client: &Client, queue_url: &str) -> bool {
    let counts = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
    ];
    let call = client.get_queue_attributes().queue_url(queue_url).set_attribute_names(Some(counts.to_vec()));
    let Ok(answer) = call.send().await else { return false };
    let count = |name| answer.attributes().and_then(|attributes| attributes.get(name)).map(String::as_str);
    counts.iter().all(|name| count(name) == Some("0"))
}
