//! DynamoDB in this process: in memory, or in a folder.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
    },
};
use dynoxide::Database;
use rusqlite::Connection;

use crate::{error::StartError, template};

/// The table's name here.
pub const TABLE: &str = "work-orders";

/// A folder of the service's data, held by this process alone.
pub struct DataFolder {
    path: PathBuf,
    /// Held open, and with it the lock.
    _lock: File,
}

impl DataFolder {
    /// Opens the folder, and makes it where it is not there.
    pub fn open(path: &Path) -> Result<Self, StartError> {
        let shown = path.display();
        let refuse =
            |what: &str, cause: std::io::Error| StartError::new(format!("the data folder {shown} {what}: {cause}"));
        let mut folder = std::fs::DirBuilder::new();
        folder.recursive(true);
        // Customers and their lines' passwords are in it.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        folder.create(path).map_err(|cause| refuse("cannot be made", cause))?;
        let lock = File::create(path.join("lock")).map_err(|cause| refuse("cannot be written to", cause))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(StartError::new(format!("the data folder {shown} is in use by another local service")))
            }
            Err(TryLockError::Error(cause)) => Err(refuse("cannot be locked", cause)),
        }
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// Opens the database: in memory without a folder.
pub fn open(folder: Option<&DataFolder>) -> Result<Database, StartError> {
    let Some(folder) = folder else {
        return in_memory();
    };
    let file = folder.file("orders.sqlite");
    let shown = file.display().to_string();
    let unusable = |cause: dynoxide::DynoxideError| {
        StartError::new(format!(
            "the data file {shown} cannot be read; it is damaged, or not a data file of this service ({cause})"
        ))
    };
    let database = Database::new(&file.to_string_lossy()).map_err(unusable)?;
    // A damaged file may open and fail at its first use.
    database.database_info().map_err(unusable)?;
    index_stream(&file, "")?;
    Ok(database)
}

/// The store asks for a table's last stream record at each write, and reads through all records to find it; nor does it ever
/// remove one. So the records get an index, and those older than DynamoDB would keep them, 24 hours, go. Sequence numbers
/// are microseconds since 1970. The store's version is pinned, and a test holds the index to its queries.
const STREAM: &str = "
CREATE INDEX IF NOT EXISTS stream_places ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
CREATE TRIGGER IF NOT EXISTS stream_trim AFTER INSERT ON _stream_records BEGIN
    DELETE FROM _stream_records WHERE table_name = NEW.table_name
        AND CAST(sequence_number AS INTEGER) < CAST(NEW.sequence_number AS INTEGER) - 86400000000;
END;";

fn index_stream(file: &Path, before: &str) -> Result<(), StartError> {
    let tended = Connection::open(file).and_then(|connection| connection.execute_batch(&format!("{before}{STREAM}")));
    tended.map_err(|cause| StartError::new(format!("the stream in {} cannot be indexed: {cause}", file.display())))
}

/// Only in a file the stream can be indexed: written out while it is empty, and read back.
fn in_memory() -> Result<Database, StartError> {
    let refuse = |cause: &dyn std::fmt::Display| StartError::new(format!("no database in memory: {cause}"));
    let database = Database::memory().map_err(|cause| refuse(&cause))?;
    let folder = tempfile::tempdir().map_err(|cause| refuse(&cause))?;
    let file = folder.path().join("empty.sqlite");
    database.vacuum_into(&file.to_string_lossy()).map_err(|cause| refuse(&cause))?;
    // Nothing in it is worth a disk's time.
    index_stream(&file, "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY;")?;
    database.restore_from(&file.to_string_lossy()).map_err(|cause| refuse(&cause))?;
    Ok(database)
}

/// Makes the table as the template defines it. Returns whether it is new.
pub async fn make_table(client: &Client, table: &template::Table) -> Result<bool, StartError> {
    let tables = client.list_tables().send().await.map_err(|error| fault("ListTables", &error))?;
    let stream = StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::from(table.stream_view.as_str()))
        .build()
        .map_err(unbuilt)?;
    if tables.table_names().iter().any(|name| name == TABLE) {
        let described = client.describe_table().table_name(TABLE).send().await;
        let described = described.map_err(|error| fault("DescribeTable", &error))?;
        // A data folder of before there were events.
        if described.table().is_some_and(|table| table.latest_stream_arn().is_none()) {
            let update = client.update_table().table_name(TABLE).stream_specification(stream);
            update.send().await.map_err(|error| fault("UpdateTable", &error))?;
        }
        return Ok(false);
    }
    let attributes: Vec<AttributeDefinition> = table
        .attributes
        .iter()
        .map(|(name, kind)| {
            let kind = ScalarAttributeType::from(kind.as_str());
            AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().map_err(unbuilt)
        })
        .collect::<Result<_, _>>()?;
    let indexes = table.indexes.iter().map(index).collect::<Result<Vec<_>, _>>()?;
    client
        .create_table()
        .table_name(TABLE)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes))
        .set_key_schema(Some(schema(&table.keys)?))
        .set_global_secondary_indexes(Some(indexes))
        .stream_specification(stream)
        .send()
        .await
        .map_err(|error| fault("CreateTable", &error))?;
    let ttl = TimeToLiveSpecification::builder().attribute_name(&table.ttl).enabled(true).build().map_err(unbuilt)?;
    client
        .update_time_to_live()
        .table_name(TABLE)
        .time_to_live_specification(ttl)
        .send()
        .await
        .map_err(|error| fault("UpdateTimeToLive", &error))?;
    Ok(true)
}

fn index(index: &template::Index) -> Result<GlobalSecondaryIndex, StartError> {
    let mut projection = Projection::builder().projection_type(ProjectionType::from(index.projection.as_str()));
    if !index.included.is_empty() {
        projection = projection.set_non_key_attributes(Some(index.included.clone()));
    }
    GlobalSecondaryIndex::builder()
        .index_name(&index.name)
        .set_key_schema(Some(schema(&index.keys)?))
        .projection(projection.build())
        .build()
        .map_err(unbuilt)
}

fn schema(keys: &[(String, String)]) -> Result<Vec<KeySchemaElement>, StartError> {
    keys.iter()
        .map(|(name, kind)| {
            let kind = KeyType::from(kind.as_str());
            KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(unbuilt)
        })
        .collect()
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
fn unbuilt(cause: aws_sdk_dynamodb::error::BuildError) -> StartError {
    StartError::new(format!("template.yaml: the table cannot be made: {cause}"))
}

fn fault<E: std::error::Error + aws_sdk_dynamodb::error::ProvideErrorMetadata>(
    operation: &str,
    error: &aws_sdk_dynamodb::error::SdkError<E>,
) -> StartError {
    use aws_sdk_dynamodb::error::ProvideErrorMetadata;
    let cause = error.message().map_or_else(|| error.to_string(), str::to_owned);
    StartError::new(format!("the database failed at {operation}; the data file may be damaged ({cause})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The store's own queries of its stream, by their text.
    const QUERIES: [&str; 2] = [
        "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = ?1",
        "SELECT event_name FROM _stream_records
         WHERE table_name = ?1 AND shard_id = ?2 AND CAST(sequence_number AS INTEGER) > ?3
         ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT ?4",
    ];

    #[test]
    fn the_stream_is_looked_up_and_not_read_through() {
        let folder = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(folder.path()).unwrap();
        let _database = open(Some(&folder)).unwrap();
        let connection = Connection::open(folder.file("orders.sqlite")).unwrap();
        for query in QUERIES {
            let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
            for place in 1..=plan.parameter_count() {
                plan.raw_bind_parameter(place, 0).unwrap();
            }
            let mut rows = plan.raw_query();
            let step: String = rows.next().unwrap().unwrap().get("detail").unwrap();
            assert!(step.contains("USING") && step.contains("INDEX stream_places"), "{query}: {step}");
            assert!(rows.next().unwrap().is_none(), "{query} takes a further step, such as sorting");
        }
    }

    #[test]
    fn records_older_than_a_day_go_when_new_ones_come() {
        let folder = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(folder.path()).unwrap();
        let _database = open(Some(&folder)).unwrap();
        let connection = Connection::open(folder.file("orders.sqlite")).unwrap();
        let add = |hours: i64| {
            let sequence_number = (1_790_000_000 + hours * 3_600) * 1_000_000;
            let text =
                "INSERT INTO _stream_records (table_name, event_name, keys_json, sequence_number, shard_id, created_at)
                        VALUES ('t', 'INSERT', '{}', ?1, 's', 0)";
            connection.execute(text, [sequence_number.to_string()]).unwrap();
            connection.query_row("SELECT COUNT(*) FROM _stream_records", [], |row| row.get::<_, i64>(0)).unwrap()
        };
        assert_eq!([add(0), add(1), add(24), add(25), add(60)], [1, 2, 3, 3, 1]);
    }

    #[test]
    fn in_memory_it_is_the_same() {
        let database = open(None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("copy.sqlite");
        database.vacuum_into(&file.to_string_lossy()).unwrap();
        let count = "SELECT COUNT(*) FROM sqlite_master WHERE name IN ('stream_places', 'stream_trim')";
        let count: i64 = Connection::open(&file).unwrap().query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!(count, 2);
    }
}
