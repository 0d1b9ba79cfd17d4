//! Large tables: orders written straight through the embedded store's library, as copies of one that the service made.

use std::{path::Path, time::Duration};

use dynoxide::{
    Database, ImportOptions,
    types::{AttributeValue, Item},
};
use local::{DEMO_KEY, Options, store::TABLE};
use uuid::Uuid;

use super::{start, target::Target};
use crate::fault::{Explain, Fault};

/// Orders written at once.
const CHUNK: usize = 5_000;
/// Numbers of copies begin here; the service's own stay far below.
const FIRST: usize = 1_000_000;

/// Fills the table in `folder` until it holds `orders` orders. Nobody else may have it open.
pub(super) async fn to(folder: &Path, orders: usize) -> Result<(), Fault> {
    let file = folder.join("orders.sqlite");
    if !file.exists() {
        let local = start(Options { port: 0, data: Some(folder.to_owned()), ..Options::default() }).await?;
        let target = Target::new(local.url.clone(), DEMO_KEY.to_owned());
        target.point(1, 1, 1, Duration::from_secs(60)).await?;
        local.stop().await;
    }
    let database = Database::new(&file.to_string_lossy()).explain(file.display())?;
    let made = model(&database)?;
    let held = count(&database)?;
    database.enable_bulk_loading().explain("the database")?;
    let mut next = held;
    while next < orders {
        let end = orders.min(next + CHUNK);
        let items: Vec<Item> = (next..end).flat_map(|number| copies(&made, FIRST + number)).collect();
        database.import_items(TABLE, items, ImportOptions::default()).explain("the database")?;
        next = end;
    }
    database.disable_bulk_loading().explain("the database")?;
    eprintln!("{} orders in {}", next.max(held), file.display());
    Ok(())
}

/// The order that the service made, with its pointer and line.
struct Model {
    order: Item,
    pointer: Item,
    line: Item,
}

/// The first item whose partition key begins so and that has this attribute.
fn first(database: &Database, prefix: &str, attribute: &str) -> Result<Item, Fault> {
    let mut from = None;
    loop {
        let request = serde_json::json!({
            "TableName": TABLE,
            "FilterExpression": "begins_with(pk, :prefix) AND attribute_exists(#attribute)",
            "ExpressionAttributeNames": { "#attribute": attribute },
            "ExpressionAttributeValues": { ":prefix": { "S": prefix } },
            "ExclusiveStartKey": from,
        });
        let request = serde_json::from_value(request).explain("a scan")?;
        let page = database.scan(request).explain("the database")?;
        if let Some(item) = page.items.unwrap_or_default().into_iter().next() {
            return Ok(item);
        }
        from = page.last_evaluated_key;
        if from.is_none() {
            return Err(Fault::new("the folder holds no order; choose an empty one"));
        }
    }
}

fn model(database: &Database) -> Result<Model, Fault> {
    Ok(Model {
        order: first(database, "order#", "version")?,
        pointer: first(database, "number#", "order")?,
        line: first(database, "line#", "version")?,
    })
}

fn count(database: &Database) -> Result<usize, Fault> {
    let statistics = database.table_stats().explain("the database")?;
    let items = statistics.iter().find(|table| table.table_name == TABLE).map_or(0, |table| table.item_count);
    // An order has three items; the catalogue's few do not matter.
    Ok(usize::try_from(items).explain("a count")? / 3)
}

fn copies(model: &Model, number: usize) -> [Item; 3] {
    let uuid = Uuid::new_v4().to_string();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let with = |item: &Item, changes: &[(&str, AttributeValue)]| {
        let mut item = item.clone();
        item.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        item
    };
    let customer = format!("customer{number}@example.com");
    [
        with(
            &model.order,
            &[
                ("pk", text(&format!("order#{uuid}"))),
                ("uuid", text(&uuid)),
                ("number", AttributeValue::N(number.to_string())),
                ("customer_key", text(&customer)),
            ],
        ),
        with(&model.pointer, &[("pk", text(&format!("number#{number}"))), ("order", text(&uuid))]),
        with(&model.line, &[("pk", text(&format!("line#{}", number * 100 + 1)))]),
    ]
}
