//! API keys: made, listed, rotated, revoked; and cut off in between.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use shared::{
    aws::dynamodb::DynamoDb,
    domain::api_key::{ApiKey, KeyHash, Scope},
    ports::{Keys, ListedKey, NamedKeys, PortError, Save},
    use_case::operator::api_keys,
};

use crate::program::Desk;

/// The status of a request with this secret.
async fn asks(desk: &Desk, secret: &str) -> u16 {
    let headers = [("X-Panelr-API-Key", secret), ("Content-Type", "application/json")];
    desk.service.send("GET", "/api/get_products", &headers, "").await.status
}

fn secret(out: &str) -> String {
    out.lines().find(|line| line.starts_with("wo_")).unwrap_or_else(|| panic!("{out}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_shown_once_rotated_and_revoked() {
    let desk = Desk::empty().await;
    assert!(desk.ops(&["keys", "list"]).await.done().contains("There are no keys"));
    let first = secret(&desk.ops(&["keys", "create", "shop", "--as", "jane"]).await.done());
    assert_eq!((first.len(), asks(&desk, &first).await), (67, 200));
    assert!(!format!("{:?}", desk.service.items().await).contains(&first), "only its hash is stored");

    let taken = desk.ops(&["keys", "create", "shop"]).await.sentence(1);
    assert!(taken.contains("--rotate"), "{taken}");
    let second = desk.ops(&["keys", "create", "shop", "--rotate"]).await.done();
    assert!(second.contains("still works"), "{second}");
    let second = secret(&second);
    assert_eq!((asks(&desk, &first).await, asks(&desk, &second).await), (200, 200), "a client can move over");

    let list = desk.ops(&["keys", "list"]).await.done();
    assert!(!list.contains(&first) && !list.contains(&second), "{list}");
    let listed = desk.json(&["keys", "list"]).await;
    let entry = |index: usize| listed["keys"][index].clone();
    let id = |secret: &str| KeyHash::of(secret).short().to_owned();
    assert_eq!((&entry(0)["id"], &entry(0)["created_by"]), (&json!(id(&first)), &json!("operator:jane")));
    assert_eq!((&entry(1)["id"], &entry(1)["created_by"]), (&json!(id(&second)), &json!("operator:tester")));
    assert_eq!((&entry(1)["scopes"], &entry(1)["works"]), (&json!(["*"]), &json!(true)));

    let which = desk.ops(&["keys", "revoke", "shop", "--yes"]).await.sentence(1);
    assert!(which.contains(&id(&first)) && which.contains(&id(&second)), "{which}");
    let nobody = desk.ops(&["keys", "revoke", "shop", "--key", &id(&first)]).await.sentence(2);
    assert!(nobody.contains("--yes"), "{nobody}");
    assert_eq!(asks(&desk, &first).await, 200, "nothing was done");
    for changed in [true, false] {
        let revoked = desk.json(&["keys", "revoke", "shop", "--key", &id(&first), "--yes"]).await;
        assert_eq!(revoked["keys"][0]["changed"], changed, "again changes nothing");
    }
    assert_eq!((asks(&desk, &first).await, asks(&desk, &second).await), (401, 200));
    desk.ops(&["keys", "revoke", "shop", "--yes"]).await.done();
    assert_eq!(asks(&desk, &second).await, 401, "the one that worked");
    desk.ops(&["keys", "revoke", "shop", "--all", "--yes"]).await.done();
    let unknown = desk.ops(&["keys", "revoke", "other", "--yes"]).await.sentence(1);
    assert_eq!(unknown, "There is no key of the name other.");
    assert!(desk.ops(&["keys", "create", "other", "--rotate"]).await.sentence(1).contains("no key of the name other"));
    assert!(desk.ops(&["keys", "create", "shop"]).await.sentence(1).contains("--rotate"), "the name stays a shop's");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_what_its_scopes_say_and_a_revocation_may_be_dated_ahead() {
    let desk = Desk::open().await;
    let made = desk.json(&["keys", "create", "reader", "--scope", "orders.read", "--scope", "orders.write"]).await;
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(asks(&desk, secret).await, 403, "it may not read the catalogue");
    let bad = desk.ops(&["keys", "create", "x", "--scope", "orders"]).await;
    assert!(bad.code == 2 && bad.err.contains("orders.write"), "{bad:?}");
    let bad = desk.ops(&["keys", "create", "a shop"]).await;
    assert!(bad.code == 2 && bad.err.contains("1 to 64 letters"), "{bad:?}");
    let ahead = desk.json(&["keys", "revoke", "reader", "--at", "2h", "--yes"]).await;
    assert_eq!((&ahead["keys"][0]["changed"], asks(&desk, secret).await), (&json!(true), 403), "it still works");
    assert!(desk.ops(&["keys", "list"]).await.done().contains("works until"));
    let now = desk.json(&["keys", "revoke", "reader", "--yes"]).await;
    assert_eq!((&now["keys"][0]["changed"], asks(&desk, secret).await), (&json!(true), 401), "earlier holds");
    let later = desk.json(&["keys", "revoke", "reader", "--at", "2h", "--yes"]).await;
    assert_eq!((&later["keys"][0]["changed"], asks(&desk, secret).await), (&json!(false), 401), "later does not");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seeds_key_is_listed_too() {
    let desk = Desk::open().await;
    let listed = desk.json(&["keys", "list"]).await;
    assert_eq!((&listed["keys"][0]["name"], &listed["keys"][0]["created_by"]), (&json!("demo"), &json!("seed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_who_make_one_name_at_once_one_is_told() {
    let desk = Desk::empty().await;
    let create = || desk.ops(&["keys", "create", "shop", "--json"]);
    let (a, b, c, d) = tokio::join!(create(), create(), create(), create());
    let ended = [a, b, c, d];
    let made: Vec<&crate::program::Ended> = ended.iter().filter(|ended| ended.code == 0).collect();
    assert_eq!(made.len(), 1, "{ended:?}");
    assert!(ended.iter().filter(|ended| ended.code == 1).all(|ended| ended.err.contains("--rotate")), "{ended:?}");
    let listed = desk.json(&["keys", "list"]).await;
    assert_eq!(listed["keys"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["keys"][0]["id"], made[0].json()["id"]);
    assert_eq!(desk.service.items_of("key").await.len(), 1, "no key works that is not listed");
}

/// The making of a key ended between its listing and its storing.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_making_was_cut_off_is_in_nobodys_way() {
    let desk = Desk::empty().await;
    let store = &desk.service.local.store;
    let hour_ago = chrono::Utc::now() - chrono::Duration::hours(1);
    let listed = ListedKey { hash: KeyHash::of("lost"), created_at: hour_ago, by: "operator:x".into() };
    let mut named = NamedKeys { name: "shop".into(), listed: vec![listed], version: 0 };
    store.save_named(&mut named).await.unwrap();
    assert_eq!(desk.json(&["keys", "list"]).await["keys"], json!([]));
    // One that was listed a moment ago may be on its way.
    let now = ListedKey { hash: KeyHash::of("on its way"), created_at: chrono::Utc::now(), by: "operator:x".into() };
    let mut other = NamedKeys { name: "other".into(), listed: vec![now], version: 0 };
    store.save_named(&mut other).await.unwrap();
    assert!(desk.ops(&["keys", "create", "other"]).await.sentence(1).contains("--rotate"));
    let made = desk.json(&["keys", "create", "shop"]).await;
    assert_eq!(asks(&desk, made["secret"].as_str().unwrap()).await, 200);

    // A seed whose key was listed and not stored stores it the next time.
    let key = ApiKey { hash: KeyHash::of("seeded"), name: "s".into(), scopes: vec![Scope::All], revoked_at: None };
    let listed = ListedKey { hash: key.hash.clone(), created_at: hour_ago, by: "seed".into() };
    let mut named = NamedKeys { name: "s".into(), listed: vec![listed], version: 0 };
    store.save_named(&mut named).await.unwrap();
    assert!(api_keys::enroll(store, &key, "seed", hour_ago).await.unwrap());
    assert!(!api_keys::enroll(store, &key, "seed", hour_ago).await.unwrap());
    let entries: Vec<Value> = desk.json(&["keys", "list"]).await["keys"].as_array().unwrap().clone();
    assert_eq!(entries.len(), 2, "{entries:?}");
}

/// A store whose program ends after so many writes.
struct Cut<'a> {
    store: &'a DynamoDb,
    writes: AtomicUsize,
}

impl Cut<'_> {
    fn write(&self) -> Result<(), PortError> {
        let left = self.writes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(|_| ()).map_err(|_| PortError::Unavailable("cut".into()))
    }
}

impl Keys for Cut<'_> {
    async fn directory(&self) -> Result<Vec<NamedKeys>, PortError> {
        self.store.directory().await
    }

    async fn named(&self, name: &str) -> Result<Option<NamedKeys>, PortError> {
        self.store.named(name).await
    }

    async fn save_named(&self, named: &mut NamedKeys) -> Result<Save, PortError> {
        self.write()?;
        self.store.save_named(named).await
    }

    async fn keys(&self, hashes: &[KeyHash]) -> Result<Vec<ApiKey>, PortError> {
        self.store.keys(hashes).await
    }

    async fn add_key(&self, key: &ApiKey) -> Result<(), PortError> {
        self.write()?;
        self.store.add_key(key).await
    }

    async fn replace_key(&self, old: &ApiKey, key: &ApiKey) -> Result<Save, PortError> {
        self.write()?;
        self.store.replace_key(old, key).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_the_making_is_cut_no_key_works_that_is_not_listed() {
    let desk = Desk::empty().await;
    let store = &desk.service.local.store;
    let now = chrono::Utc::now();
    for writes in 0..3 {
        let cut = Cut { store, writes: AtomicUsize::new(writes) };
        let (name, secret) = (format!("shop{writes}"), format!("the-secret-of-shop-{writes}"));
        let new = api_keys::NewKey { name: &name, secret: &secret, scopes: vec![Scope::All], rotate: false };
        assert_eq!(api_keys::create(&cut, &new, "operator:x", now).await.is_ok(), writes >= 2, "{writes}");
        let seeded = KeyHash::of(&format!("seeded {writes}"));
        let seeded = ApiKey { hash: seeded, name: format!("seed{writes}"), scopes: vec![Scope::All], revoked_at: None };
        let cut = Cut { store, writes: AtomicUsize::new(writes) };
        assert_eq!(api_keys::enroll(&cut, &seeded, "seed", now).await.is_ok(), writes >= 2, "{writes}");
        let listed = api_keys::list(store).await.unwrap();
        assert_eq!(desk.service.items_of("key").await.len(), listed.len(), "{writes}");
        assert_eq!(listed.len(), if writes == 2 { 2 } else { 0 }, "{writes}");
    }
}
