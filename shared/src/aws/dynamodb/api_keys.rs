//! API keys and the directory of their names: one partition, an item a name.

use super::{
    DynamoDb,
    layout::{KEYS, Key, from_item, to_item},
    orders::Put,
};
use crate::{
    domain::api_key::{ApiKey, KeyHash},
    ports::{Keys, NamedKeys, PortError, Save},
};

impl Keys for DynamoDb {
    async fn directory(&self) -> Result<Vec<NamedKeys>, PortError> {
        self.entries(KEYS, "", "name of API keys").await
    }

    async fn named(&self, name: &str) -> Result<Option<NamedKeys>, PortError> {
        self.get(Key::key_name(name)).await?.map(|item| from_item(item, "name of API keys")).transpose()
    }

    async fn save_named(&self, named: &mut NamedKeys) -> Result<Save, PortError> {
        let version = named.version;
        named.version += 1;
        let item = to_item(Key::key_name(&named.name), named)?;
        let put = if version == 0 { self.put_new(item).await? } else { self.put_version(item, version).await? };
        match put {
            Put::Stored => Ok(Save::Saved),
            Put::Refused(item) => {
                // A key's hash is nobody else's, so an equal entry is this write's own first attempt.
                let existing: Option<NamedKeys> = item.map(|item| from_item(item, "name of API keys")).transpose()?;
                Ok(if existing.as_ref() == Some(&*named) { Save::Saved } else { Save::Conflict })
            }
        }
    }

    async fn keys(&self, hashes: &[KeyHash]) -> Result<Vec<ApiKey>, PortError> {
        let mut items = self.batch_get(hashes.iter().map(Key::api_key).collect()).await?;
        let found = hashes.iter().filter_map(|hash| items.remove(&Key::api_key(hash)));
        found.map(|item| from_item(item, "API key")).collect()
    }

    async fn add_key(&self, key: &ApiKey) -> Result<(), PortError> {
        self.put_new(to_item(Key::api_key(&key.hash), key)?).await.map(|_| ())
    }

    async fn replace_key(&self, old: &ApiKey, key: &ApiKey) -> Result<Save, PortError> {
        self.replace(Key::api_key(&key.hash), Some(old), key).await
    }
}
