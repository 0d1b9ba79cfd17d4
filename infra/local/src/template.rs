//! What template.yaml and infra/stacks/queues.yaml, which it nests, say for those who run it here: routes, table and stream, queues,
//! schedule. They are the only place where that is written.

use std::collections::BTreeMap;

use serde_yaml_ng::Value;

/// The template, as it was when this was built.
pub const TEXT: &str = include_str!("../../../template.yaml");

/// The template of the queues, which it nests.
pub const QUEUES: &str = include_str!("../../stacks/queues.yaml");

/// The template says something that cannot be run here. The text says what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template.yaml: {0}")]
pub struct TemplateError(String);

/// A route of the API and the function behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// HTTP method.
    pub method: String,
    /// Path; `{id}` stands for a segment.
    pub path: String,
    /// Name of the function's binary.
    pub function: String,
}

/// An index of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Partition and sort key.
    pub keys: Vec<(String, String)>,
    /// `ALL`, `KEYS_ONLY` or `INCLUDE`.
    pub projection: String,
    /// Attributes that `INCLUDE` names.
    pub included: Vec<String>,
}

/// The table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Attributes of keys, with their types.
    pub attributes: BTreeMap<String, String>,
    /// Partition and sort key, each with its kind (`HASH`, `RANGE`).
    pub keys: Vec<(String, String)>,
    /// Its indexes.
    pub indexes: Vec<Index>,
    /// The attribute that says when an item may go.
    pub ttl: String,
    /// What its stream has of an item.
    pub stream_view: String,
}

/// How the table's stream is consumed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamMapping {
    /// Records of a batch.
    pub batch_size: usize,
    /// Seconds an invocation of the consumer may take.
    pub consumer_timeout: u64,
    /// Seconds after which a record that cannot be worked off is put aside.
    pub maximum_age: i64,
    /// What the partition keys of the items begin with that the consumer is shown.
    pub prefix: String,
}

/// A queue and its consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Seconds a received message is hidden.
    pub visibility_timeout: u64,
    /// Deliveries before a message goes to the dead letters.
    pub max_receive_count: u64,
    /// Messages of a batch.
    pub batch_size: i32,
    /// Seconds an invocation of the consumer may take.
    pub consumer_timeout: u64,
}

/// All that is run here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The API's routes.
    pub routes: Vec<Route>,
    /// The function behind everything else.
    pub default_function: String,
    /// The table.
    pub table: Table,
    /// The provisioning queue.
    pub queue: Queue,
    /// The queue of events.
    pub events: Queue,
    /// The table's stream.
    pub stream: StreamMapping,
    /// Minutes between two runs of the sweep.
    pub sweep_minutes: u64,
}

impl Template {
    /// Reads the templates this was built with.
    pub fn read() -> Result<Self, TemplateError> {
        Self::parse(TEXT, QUEUES)
    }

    /// Reads the template and the one of its queues.
    pub fn parse(text: &str, queues: &str) -> Result<Self, TemplateError> {
        let root: Value = serde_yaml_ng::from_str(text).map_err(|error| TemplateError(error.to_string()))?;
        let root = Node { value: &root, path: String::new() };
        let queues: Value = serde_yaml_ng::from_str(queues).map_err(|error| TemplateError(error.to_string()))?;
        let queues = Node { value: &queues, path: "infra/stacks/queues.yaml".to_owned() }.get("Resources")?;
        let resources = root.get("Resources")?;
        let functions: Vec<(String, Node<'_>)> = resources
            .entries()?
            .into_iter()
            .filter(|(_, node)| {
                node.get("Type").and_then(|kind| kind.text()).is_ok_and(|kind| kind == "AWS::Serverless::Function")
            })
            .map(|(_, node)| Ok((node.get("Metadata")?.get("BuildProperties")?.get("Binary")?.text()?, node)))
            .collect::<Result<_, TemplateError>>()?;
        let (mut routes, mut default_function) = (Vec::new(), None);
        let (mut sweep_minutes, mut provision, mut deliver, mut stream) = (None, None, None, None);
        for (function, node) in &functions {
            let properties = node.get("Properties")?;
            for (_, event) in properties.get("Events").map_or_else(|_| Ok(Vec::new()), |events| events.entries())? {
                let event_properties = event.get("Properties")?;
                match (event.get("Type")?.text()?.as_str(), function.as_str()) {
                    ("HttpApi", _) => match (event_properties.get("Method"), event_properties.get("Path")) {
                        (Ok(method), Ok(path)) => routes.push(Route {
                            method: method.text()?,
                            path: path.text()?,
                            function: function.clone(),
                        }),
                        _ => default_function = Some(function.clone()),
                    },
                    ("SQS", "provision") => {
                        provision = Some(queue(&queues.get("Provision")?, &properties, &event_properties)?);
                    }
                    ("SQS", "deliver_events") => {
                        deliver = Some(queue(&queues.get("Events")?, &properties, &event_properties)?);
                    }
                    ("DynamoDB", "publish_events") => stream = Some(stream_mapping(&properties, &event_properties)?),
                    ("ScheduleV2", "sweep") => {
                        sweep_minutes = Some(minutes(&event_properties.get("ScheduleExpression")?)?);
                    }
                    (other, _) => {
                        return Err(TemplateError(format!("{} has an event that is unknown here, {other}", node.path)));
                    }
                }
            }
        }
        let missing = |what: &str| TemplateError(format!("{what} is missing"));
        Ok(Self {
            routes,
            default_function: default_function.ok_or_else(|| missing("the default route"))?,
            table: table(&resources.get("Table")?.get("Properties")?)?,
            queue: provision.ok_or_else(|| missing("the provisioning queue's consumer"))?,
            events: deliver.ok_or_else(|| missing("the consumer of the queue of events"))?,
            stream: stream.ok_or_else(|| missing("the stream's consumer"))?,
            sweep_minutes: sweep_minutes.ok_or_else(|| missing("the sweep's schedule"))?,
        })
    }
}

/// A queue, its consumer's properties and those of the event that joins them.
fn queue(queue: &Node<'_>, consumer: &Node<'_>, event: &Node<'_>) -> Result<Queue, TemplateError> {
    let queue = queue.get("Properties")?;
    Ok(Queue {
        visibility_timeout: queue.get("VisibilityTimeout")?.number()?,
        max_receive_count: queue.get("RedrivePolicy")?.get("maxReceiveCount")?.number()?,
        batch_size: i32::try_from(event.get("BatchSize")?.number()?).unwrap_or(10),
        consumer_timeout: consumer.get("Timeout")?.number()?,
    })
}

fn stream_mapping(consumer: &Node<'_>, event: &Node<'_>) -> Result<StreamMapping, TemplateError> {
    let filters = event.get("FilterCriteria")?.get("Filters")?;
    let pattern = filters.items()?.first().map(|filter| filter.get("Pattern")?.text()).transpose()?;
    let pattern: serde_json::Value = serde_json::from_str(&pattern.unwrap_or_default()).unwrap_or_default();
    let prefix = pattern.pointer("/dynamodb/Keys/pk/S/0/prefix").and_then(serde_json::Value::as_str);
    Ok(StreamMapping {
        batch_size: usize::try_from(event.get("BatchSize")?.number()?).unwrap_or(usize::MAX),
        consumer_timeout: consumer.get("Timeout")?.number()?,
        maximum_age: i64::try_from(event.get("MaximumRecordAgeInSeconds")?.number()?).unwrap_or(i64::MAX),
        prefix: prefix.ok_or_else(|| filters.not("a prefix of the partition key"))?.to_owned(),
    })
}

fn minutes(node: &Node<'_>) -> Result<u64, TemplateError> {
    let text = node.text()?;
    let number = text.strip_prefix("rate(").and_then(|rest| rest.split_once(' ')).map(|(number, _)| number.parse());
    number.and_then(Result::ok).ok_or_else(|| TemplateError(format!("{} is no rate in minutes: {text}", node.path)))
}

fn table(properties: &Node<'_>) -> Result<Table, TemplateError> {
    let attributes = properties.get("AttributeDefinitions")?.items()?;
    let attribute = |node: &Node<'_>| Ok((node.get("AttributeName")?.text()?, node.get("AttributeType")?.text()?));
    let index = |node: &Node<'_>| {
        let projection = node.get("Projection")?;
        let included = projection.get("NonKeyAttributes").map_or_else(|_| Ok(Vec::new()), |names| names.items())?;
        Ok(Index {
            name: node.get("IndexName")?.text()?,
            keys: keys(&node.get("KeySchema")?)?,
            projection: projection.get("ProjectionType")?.text()?,
            included: included.iter().map(Node::text).collect::<Result<_, _>>()?,
        })
    };
    Ok(Table {
        attributes: attributes.iter().map(attribute).collect::<Result<_, TemplateError>>()?,
        keys: keys(&properties.get("KeySchema")?)?,
        indexes: properties
            .get("GlobalSecondaryIndexes")?
            .items()?
            .iter()
            .map(index)
            .collect::<Result<_, TemplateError>>()?,
        ttl: properties.get("TimeToLiveSpecification")?.get("AttributeName")?.text()?,
        stream_view: properties.get("StreamSpecification")?.get("StreamViewType")?.text()?,
    })
}

fn keys(schema: &Node<'_>) -> Result<Vec<(String, String)>, TemplateError> {
    let key = |node: &Node<'_>| Ok((node.get("AttributeName")?.text()?, node.get("KeyType")?.text()?));
    schema.items()?.iter().map(key).collect()
}

/// A place in the template; its errors name the place.
struct Node<'a> {
    value: &'a Value,
    path: String,
}

impl Node<'_> {
    fn get(&self, key: &str) -> Result<Self, TemplateError> {
        let path = format!("{}/{key}", self.path);
        match self.value.get(key) {
            Some(value) => Ok(Self { value, path }),
            None => Err(TemplateError(format!("{path} is missing"))),
        }
    }

    fn entries(&self) -> Result<Vec<(String, Self)>, TemplateError> {
        let map = self.value.as_mapping().ok_or_else(|| self.not("a mapping"))?;
        map.iter()
            .map(|(key, value)| {
                let key = key.as_str().ok_or_else(|| self.not("a mapping of names"))?.to_owned();
                let path = format!("{}/{key}", self.path);
                Ok((key, Self { value, path }))
            })
            .collect()
    }

    fn items(&self) -> Result<Vec<Self>, TemplateError> {
        let items = self.value.as_sequence().ok_or_else(|| self.not("a list"))?;
        Ok(items.iter().map(|value| Self { value, path: self.path.clone() }).collect())
    }

    fn text(&self) -> Result<String, TemplateError> {
        self.value.as_str().map(str::to_owned).ok_or_else(|| self.not("a text"))
    }

    fn number(&self) -> Result<u64, TemplateError> {
        self.value.as_u64().ok_or_else(|| self.not("a number"))
    }

    fn not(&self, what: &str) -> TemplateError {
        TemplateError(format!("{} is not {what}", self.path))
    }
}

#[cfg(test)]
mod tests {
    use shared::{
        aws::dynamodb::layout,
        domain::{provisioning::MAX_DELIVERIES, webhook::MAX_ATTEMPTS},
    };

    use super::*;

    #[test]
    fn the_table_has_the_keys_that_the_code_writes() {
        let table = Template::read().unwrap().table;
        let key = |hash: &str, range: &str| {
            vec![(hash.to_owned(), "HASH".to_owned()), (range.to_owned(), "RANGE".to_owned())]
        };
        assert_eq!(table.keys, key(layout::PK, layout::SK));
        assert_eq!(table.ttl, layout::EXPIRES);
        let open = table.indexes.iter().find(|index| index.name == layout::OPEN_INDEX).unwrap();
        assert_eq!(open.keys, key(layout::OPEN_KEY, layout::OPEN_SORT));
        assert_eq!(open.included, layout::OPEN_PROJECTED);
        let customer = table.indexes.iter().find(|index| index.name == layout::CUSTOMER_INDEX).unwrap();
        assert_eq!(customer.keys, key(layout::CUSTOMER_KEY, layout::CUSTOMER_SORT));
        assert_eq!(table.indexes.len(), 2);
    }

    #[test]
    fn the_queues_give_up_when_the_code_does() {
        let Template { queue, events, .. } = Template::read().unwrap();
        assert_eq!(queue.max_receive_count, u64::from(MAX_DELIVERIES));
        assert_eq!(events.max_receive_count, u64::from(MAX_ATTEMPTS));
        for queue in [queue, events] {
            assert!(queue.visibility_timeout >= 6 * queue.consumer_timeout);
        }
    }

    #[test]
    fn the_streams_consumer_is_shown_orders_alone_and_both_images_of_them() {
        let template = Template::read().unwrap();
        assert_eq!(template.stream.prefix, layout::ORDER_PREFIX);
        assert!(layout::Key::order(uuid::Uuid::nil()).pk.starts_with(&template.stream.prefix));
        assert_eq!(template.table.stream_view, "NEW_AND_OLD_IMAGES");
    }

    #[test]
    fn the_default_route_knows_the_others() {
        let template = Template::read().unwrap();
        let mut routes: Vec<_> =
            template.routes.iter().map(|route| (route.method.as_str(), route.path.as_str())).collect();
        let mut known = not_found::ROUTES.to_vec();
        routes.sort_unstable();
        known.sort_unstable();
        assert_eq!(routes, known);
        assert_eq!(template.default_function, "not_found");
    }

    #[test]
    fn what_cannot_be_run_is_named() {
        let error = Template::parse(&TEXT.replace("KeySchema", "KeyScheme"), QUEUES).unwrap_err();
        assert_eq!(error.to_string(), "template.yaml: /Resources/Table/Properties/KeySchema is missing");
    }
}
