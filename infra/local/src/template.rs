//! What template.yaml says, for those who run it here: routes, table, queues, schedule. The template is the only place
//! where they are written.

use std::collections::BTreeMap;

use serde_yaml_ng::Value;

/// The template, as it was when this was built.
pub const TEXT: &str = include_str!("../../../template.yaml");

/// The template says something that cannot be run here. The text says what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template.yaml: {0}")]
pub struct TemplateFault(String);

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
}

/// The provisioning queue and its consumer.
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
    /// The queue.
    pub queue: Queue,
    /// Minutes between two runs of the sweep.
    pub sweep_minutes: u64,
}

impl Template {
    /// Reads the template this was built with.
    pub fn read() -> Result<Self, TemplateFault> {
        Self::parse(TEXT)
    }

    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateFault> {
        let root: Value = serde_yaml_ng::from_str(text).map_err(|error| TemplateFault(error.to_string()))?;
        let root = Node { value: &root, path: String::new() };
        let resources = root.get("Resources")?;
        let functions: Vec<(String, Node<'_>)> = resources
            .entries()?
            .into_iter()
            .filter(|(_, node)| {
                node.get("Type").and_then(|kind| kind.text()).is_ok_and(|kind| kind == "AWS::Serverless::Function")
            })
            .map(|(_, node)| Ok((node.get("Metadata")?.get("BuildProperties")?.get("Binary")?.text()?, node)))
            .collect::<Result<_, TemplateFault>>()?;
        let (mut routes, mut default_function) = (Vec::new(), None);
        let mut sweep_minutes = None;
        let mut consumer = None;
        for (function, node) in &functions {
            let properties = node.get("Properties")?;
            for (_, event) in properties.get("Events").map_or_else(|_| Ok(Vec::new()), |events| events.entries())? {
                let event_properties = event.get("Properties")?;
                match event.get("Type")?.text()?.as_str() {
                    "HttpApi" => match (event_properties.get("Method"), event_properties.get("Path")) {
                        (Ok(method), Ok(path)) => routes.push(Route {
                            method: method.text()?,
                            path: path.text()?,
                            function: function.clone(),
                        }),
                        _ => default_function = Some(function.clone()),
                    },
                    "SQS" => {
                        consumer =
                            Some((event_properties.get("BatchSize")?.number()?, properties.get("Timeout")?.number()?));
                    }
                    "ScheduleV2" => sweep_minutes = Some(minutes(&event_properties.get("ScheduleExpression")?)?),
                    other => {
                        return Err(TemplateFault(format!("{} has an event of an unknown type, {other}", node.path)));
                    }
                }
            }
        }
        let missing = |what: &str| TemplateFault(format!("{what} is missing"));
        let (batch_size, consumer_timeout) = consumer.ok_or_else(|| missing("the queue's consumer"))?;
        let queue = resources.get("Queue")?.get("Properties")?;
        Ok(Self {
            routes,
            default_function: default_function.ok_or_else(|| missing("the default route"))?,
            table: table(&resources.get("Table")?.get("Properties")?)?,
            queue: Queue {
                visibility_timeout: queue.get("VisibilityTimeout")?.number()?,
                max_receive_count: queue.get("RedrivePolicy")?.get("maxReceiveCount")?.number()?,
                batch_size: i32::try_from(batch_size).unwrap_or(10),
                consumer_timeout,
            },
            sweep_minutes: sweep_minutes.ok_or_else(|| missing("the sweep's schedule"))?,
        })
    }
}

fn minutes(node: &Node<'_>) -> Result<u64, TemplateFault> {
    let text = node.text()?;
    let number = text.strip_prefix("rate(").and_then(|rest| rest.split_once(' ')).map(|(number, _)| number.parse());
    number.and_then(Result::ok).ok_or_else(|| TemplateFault(format!("{} is no rate in minutes: {text}", node.path)))
}

fn table(properties: &Node<'_>) -> Result<Table, TemplateFault> {
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
        attributes: attributes.iter().map(attribute).collect::<Result<_, TemplateFault>>()?,
        keys: keys(&properties.get("KeySchema")?)?,
        indexes: properties
            .get("GlobalSecondaryIndexes")?
            .items()?
            .iter()
            .map(index)
            .collect::<Result<_, TemplateFault>>()?,
        ttl: properties.get("TimeToLiveSpecification")?.get("AttributeName")?.text()?,
    })
}

fn keys(schema: &Node<'_>) -> Result<Vec<(String, String)>, TemplateFault> {
    let key = |node: &Node<'_>| Ok((node.get("AttributeName")?.text()?, node.get("KeyType")?.text()?));
    schema.items()?.iter().map(key).collect()
}

/// A place in the template; its errors name the place.
struct Node<'a> {
    value: &'a Value,
    path: String,
}

impl Node<'_> {
    fn get(&self, key: &str) -> Result<Self, TemplateFault> {
        let path = format!("{}/{key}", self.path);
        match self.value.get(key) {
            Some(value) => Ok(Self { value, path }),
            None => Err(TemplateFault(format!("{path} is missing"))),
        }
    }

    fn entries(&self) -> Result<Vec<(String, Self)>, TemplateFault> {
        let map = self.value.as_mapping().ok_or_else(|| self.not("a mapping"))?;
        map.iter()
            .map(|(key, value)| {
                let key = key.as_str().ok_or_else(|| self.not("a mapping of names"))?.to_owned();
                let path = format!("{}/{key}", self.path);
                Ok((key, Self { value, path }))
            })
            .collect()
    }

    fn items(&self) -> Result<Vec<Self>, TemplateFault> {
        let items = self.value.as_sequence().ok_or_else(|| self.not("a list"))?;
        Ok(items.iter().map(|value| Self { value, path: self.path.clone() }).collect())
    }

    fn text(&self) -> Result<String, TemplateFault> {
        self.value.as_str().map(str::to_owned).ok_or_else(|| self.not("a text"))
    }

    fn number(&self) -> Result<u64, TemplateFault> {
        self.value.as_u64().ok_or_else(|| self.not("a number"))
    }

    fn not(&self, what: &str) -> TemplateFault {
        TemplateFault(format!("{} is not {what}", self.path))
    }
}

#[cfg(test)]
mod tests {
    use shared::{domain::provisioning::MAX_DELIVERIES, dynamodb::layout};

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
    fn the_queue_gives_up_when_the_code_does() {
        let queue = Template::read().unwrap().queue;
        assert_eq!(queue.max_receive_count, u64::from(MAX_DELIVERIES));
        assert!(queue.visibility_timeout >= 6 * queue.consumer_timeout);
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
        let error = Template::parse(&TEXT.replace("KeySchema", "KeyScheme")).unwrap_err();
        assert_eq!(error.to_string(), "template.yaml: /Resources/Table/Properties/KeySchema is missing");
    }
}
