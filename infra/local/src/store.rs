//! DynamoDB in this process: in memory, or in a folder.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType, TimeToLiveSpecification,
    },
};
use dynoxide::Database;

use crate::{start::StartFault, template};

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
    pub fn open(path: &Path) -> Result<Self, StartFault> {
        let shown = path.display();
        let refuse =
            |what: &str, cause: std::io::Error| StartFault::new(format!("the data folder {shown} {what}: {cause}"));
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
                Err(StartFault::new(format!("the data folder {shown} is in use by another local service")))
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
pub fn open(folder: Option<&DataFolder>) -> Result<Database, StartFault> {
    let Some(folder) = folder else {
        return Database::memory().map_err(|cause| StartFault::new(format!("no database in memory: {cause}")));
    };
    let file = folder.file("orders.sqlite");
    let shown = file.display().to_string();
    let unusable = |cause: dynoxide::DynoxideError| {
        StartFault::new(format!(
            "the data file {shown} cannot be read; it is damaged, or not a data file of this service ({cause})"
        ))
    };
    let database = Database::new(&file.to_string_lossy()).map_err(unusable)?;
    // A damaged file may open and fail at its first use.
    database.database_info().map_err(unusable)?;
    Ok(database)
}

/// Makes the table as the template defines it. Returns whether it is new.
pub async fn make_table(client: &Client, table: &template::Table) -> Result<bool, StartFault> {
    let tables = client.list_tables().send().await.map_err(|error| fault("ListTables", &error))?;
    if tables.table_names().iter().any(|name| name == TABLE) {
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

fn index(index: &template::Index) -> Result<GlobalSecondaryIndex, StartFault> {
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

fn schema(keys: &[(String, String)]) -> Result<Vec<KeySchemaElement>, StartFault> {
    keys.iter()
        .map(|(name, kind)| {
            let kind = KeyType::from(kind.as_str());
            KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(unbuilt)
        })
        .collect()
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
fn unbuilt(cause: aws_sdk_dynamodb::error::BuildError) -> StartFault {
    StartFault::new(format!("template.yaml: the table cannot be made: {cause}"))
}

fn fault<E: std::error::Error + aws_sdk_dynamodb::error::ProvideErrorMetadata>(
    operation: &str,
    error: &aws_sdk_dynamodb::error::SdkError<E>,
) -> StartFault {
    use aws_sdk_dynamodb::error::ProvideErrorMetadata;
    let cause = error.message().map_or_else(|| error.to_string(), str::to_owned);
    StartFault::new(format!("the database failed at {operation}; the data file may be damaged ({cause})"))
}
