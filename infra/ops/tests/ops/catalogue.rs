//! The catalogue: validated as a whole, shown as a diff, stored on the condition that it is as it was shown.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use shared::{
    domain::ids::ProductId,
    ports::{Activations, Catalogue, Setup},
    use_case::operator::seed::{SeedRefusal, carry_out, plan},
    wire::seed_file,
};

use crate::program::Desk;

fn write(folder: &Path, name: &str, file: &Value) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, file.to_string()).unwrap();
    path
}

fn demo() -> Value {
    serde_json::from_str(local::start::DEMO).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_shown_applied_once_and_exported_as_the_same() {
    let desk = Desk::empty().await;
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "demo.json", &demo());
    let apply = ["catalogue", "apply", file.to_str().unwrap()];

    let dry = desk.json(&[&apply[..], &["--dry-run"]].concat()).await;
    assert_eq!((&dry["added"], &dry["changed"], &dry["dry_run"]), (&json!(12), &json!(0), &json!(true)));
    assert_eq!(desk.service.items().await.len(), 0, "nothing was stored");

    let shown = desk.ops(&apply).await.done();
    assert!(shown.contains("12 added, 0 changed, 0 unchanged.") && shown.contains("number 42"), "{shown}");
    assert!(!shown.contains("john") && !shown.contains("demo-key"), "{shown}");
    let stored = desk.service.items().await;
    let again = desk.ops(&apply).await.done();
    assert_eq!(again, "0 added, 0 changed, 12 unchanged.\n");
    assert_eq!(desk.service.items().await, stored);

    let exported = desk.ops(&["catalogue", "export"]).await.done();
    let exported: Value = serde_json::from_str(&exported).unwrap();
    assert_eq!(exported["products"].as_array().unwrap().len(), 3);
    let back = write(folder.path(), "back.json", &exported);
    let diff = desk.json(&["catalogue", "apply", back.to_str().unwrap()]).await;
    assert_eq!((&diff["added"], &diff["changed"], &diff["unchanged"]), (&json!(0), &json!(0), &json!(9)), "{diff}");
    assert_eq!(desk.service.items().await, stored);

    let other = Desk::empty().await;
    other.ops(&["catalogue", "apply", back.to_str().unwrap()]).await.done();
    assert_eq!(other.ops(&["catalogue", "export"]).await.done(), desk.ops(&["catalogue", "export"]).await.done());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_names_its_fields_and_lines_are_never_changed() {
    let desk = Desk::open().await;
    let folder = tempfile::tempdir().unwrap();
    let mut file = demo();
    file["settings"]["first_work_order_id"] = json!(900);
    file["products"][0]["price_decimal"] = json!(12.5);
    file["products"][0]["features_list"] = json!(["a", 1.0]);
    file["payment_methods"][1]["config"] = json!({ "handle": "@shop" });
    file["lines"][0]["expires_at"] = json!("2000-01-01 00:00:00");
    file["lines"][0]["username"] = json!("somebody-else");
    let path = write(folder.path(), "file.json", &file);
    let apply = ["catalogue", "apply", path.to_str().unwrap()];
    let shown = desk.ops(&apply).await.done();
    for part in
        ["price: 9.99 -> 12.5", "config: {} -> {\"handle\":\"@shop\"}", "Numbers began at 42", "0 added, 2 changed"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(desk.json(&apply).await["unchanged"], 12, "applied");
    let id = shared::domain::ids::ActivationId(321);
    let line = desk.service.local.store.lines(&[id].into()).await.unwrap().remove(&id).unwrap();
    assert_eq!(line.username.as_deref(), Some("line321"));

    // A plan that somebody else has overtaken.
    let store = &desk.service.local.store;
    file["products"][0]["price_decimal"] = json!(13);
    let plan = plan(store, seed_file::parse(file.to_string().as_bytes()).unwrap()).await.unwrap();
    let products = store.products().await.unwrap();
    let first = products.iter().find(|product| product.id == ProductId(1)).unwrap();
    let renamed = shared::domain::catalogue::Product { name: "Renamed".into(), ..first.clone() };
    store.put_product(Some(first), &renamed).await.unwrap();
    let refusal = carry_out(store, &plan, "operator:late", chrono::Utc::now()).await.unwrap_err();
    assert_eq!(refusal, SeedRefusal::Changed("product 1".to_owned()));
    let products = store.products().await.unwrap();
    assert!(products.contains(&renamed), "the other's change stands");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_changes_nothing_and_every_broken_rule_is_named() {
    let desk = Desk::open().await;
    let folder = tempfile::tempdir().unwrap();
    let stored = desk.service.items().await;
    let mut file = demo();
    file["products"][0]["price_decimal"] = json!(99);
    file["products"][2]["price_decimal"] = json!("cheap");
    file["payment_methods"][0]["mode"] = json!("auto");
    file["lines"].as_array_mut().unwrap().push(
        json!({ "activation_id": 9_000, "product_id": 1, "customer_email": "jane@example.com", "connections": 1 }),
    );
    let path = write(folder.path(), "bad.json", &file);
    let ended = desk.ops(&["catalogue", "apply", path.to_str().unwrap()]).await;
    assert_eq!((ended.code, ended.out.as_str()), (1, ""), "{ended:?}");
    for part in ["Nothing was stored", "`products[2].price_decimal`", "`payment_methods[0].mode`"] {
        assert!(ended.err.contains(part), "{part}: {ended:?}");
    }
    file["products"][2]["price_decimal"] = json!(1);
    file["payment_methods"][0]["mode"] = json!("manual");
    let path = write(folder.path(), "bad.json", &file);
    let ended = desk.ops(&["catalogue", "apply", path.to_str().unwrap()]).await;
    assert!(ended.code == 1 && ended.err.contains("`lines[2].activation_id` must be under 4200"), "{ended:?}");
    assert_eq!(desk.service.items().await, stored);

    std::fs::write(&path, "{").unwrap();
    let sentence = desk.ops(&["catalogue", "apply", path.to_str().unwrap()]).await.sentence(1);
    assert!(sentence.contains("not valid JSON"), "{sentence}");
    let sentence = desk.ops(&["catalogue", "apply", "/nonexistent.json"]).await.sentence(2);
    assert!(sentence.contains("/nonexistent.json"), "{sentence}");
}
