//! Service lines.

use std::collections::{BTreeSet, HashMap};

use super::{
    DynamoDb,
    layout::{Key, from_item, to_item},
    orders::Put,
};
use crate::{
    domain::{activation::Activation, ids::ActivationId},
    ports::{Activations, Insert, PortError, Save},
};

impl Activations for DynamoDb {
    async fn lines(&self, ids: &BTreeSet<ActivationId>) -> Result<HashMap<ActivationId, Activation>, PortError> {
        let items = self.batch_get(ids.iter().copied().map(Key::line).collect()).await?;
        let read = |item| from_item::<Activation>(item, "line").map(|line| (line.id, line));
        items.into_values().map(read).collect()
    }

    async fn make(&self, line: &Activation) -> Result<Insert<Activation>, PortError> {
        match self.put_new(to_item(Key::line(line.id), line)?).await? {
            Put::Stored => Ok(Insert::Inserted),
            // Its own first attempt comes back as the line itself, which its maker knows by its origin.
            Put::Refused(Some(item)) => Ok(Insert::AlreadyExists(Box::new(from_item(item, "line")?))),
            Put::Refused(None) => {
                Err(PortError::Call { operation: "PutItem", code: "refused without the item".to_owned() })
            }
        }
    }

    async fn save_activation(&self, line: &mut Activation) -> Result<Save, PortError> {
        let version = line.version;
        line.version += 1;
        match self.put_version(to_item(Key::line(line.id), line)?, version).await? {
            Put::Stored => Ok(Save::Saved),
            Put::Refused(item) => {
                // A change of a line is known by what it did: an equal line is this write's own first attempt, or another
                // consumer's write of the same effect, which is as good.
                let existing: Option<Activation> = item.map(|item| from_item(item, "line")).transpose()?;
                Ok(if existing.as_ref() == Some(&*line) { Save::Saved } else { Save::Conflict })
            }
        }
    }
}
