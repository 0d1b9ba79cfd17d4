//! What the stores owe their users.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use shared::{
    aws::dynamodb::DynamoDb,
    domain::{
        activation::Activation,
        api_key::{ApiKey, KeyHash, Scope},
        cart::{CartItem, Intent},
        email::Email,
        event::EventKind,
        idempotency::Fingerprint,
        ids::{ActivationId, ProductId, WorkOrderId},
        key_binding::KeyBinding,
        money::{Amount, Currency},
        provisioner::ProvisionerState,
        status::{ActivationStatus, Status},
        time::{Timestamp, from_wire},
        webhook::{WebhookEndpoint, WebhookEndpointId, WebhookSecret},
        work_order::{Customer, NewWorkOrder, WorkOrder},
    },
    ports::{
        Activations, Catalogue, Cursor, Insert, KeyBindings, Keys, Listing, Lookup, LookupKeys, Numbers, OpenOrders,
        OrderPage, OrderRef, Orders, Save, Setup, WebhookEndpoints,
    },
    wire::seed_file,
};
use uuid::Uuid;

pub(crate) struct Suite<S> {
    store: S,
    /// Numbers of this run alone, so that a table may be used again.
    number: u64,
}

fn at(text: &str) -> Timestamp {
    from_wire(text).unwrap()
}

fn order(number: u64, status: Status, email: &str, when: Timestamp) -> WorkOrder {
    let line = CartItem {
        product_id: ProductId(1),
        name: "Basic".into(),
        price: Amount::new("9.99".parse().unwrap(), Currency::USD).unwrap(),
        duration_months: 1,
        connections: 1,
        is_trial: false,
        bouquet_ids: vec![],
        panel_product_id: None,
        intent: Intent::NewActivation,
        activation_id: None,
        qty: 1,
        linked_usernames: vec![],
    };
    let new = NewWorkOrder {
        uuid: Uuid::new_v4(),
        number: WorkOrderId(number),
        shop: "shop".into(),
        source: "api".into(),
        customer: Customer { email: Email::parse(email).unwrap(), name: None, phone: None, address: None },
        currency: Currency::USD,
        cart: vec![line],
        adjustment: None,
        payment: None,
        payment_method: None,
        wc_order_id: Some("1001".into()),
        notes: Some("ünïcödé \u{1F600}".into()),
        bouquet_ids: vec![],
        categories: vec![],
        status,
        token_version: Some(1),
        fingerprints: None,
        remark: None,
        at: when,
    };
    WorkOrder::new(new, "key:shop")
}

fn line(id: u64) -> Activation {
    Activation {
        id: ActivationId(id),
        origin: None,
        product_id: ProductId(1),
        customer_email: Email::parse("john@example.com").unwrap(),
        customer_name: None,
        username: None,
        password: None,
        connections: 1,
        bouquet_ids: vec![],
        categories: vec![],
        starts_at: None,
        expires_at: None,
        status: ActivationStatus::Active,
        is_trial: false,
        applied: BTreeSet::new(),
        changes: Vec::new(),
        provisioner: ProvisionerState::default(),
        version: 1,
    }
}

impl<S: Orders + Activations + KeyBindings + OpenOrders + Clone + 'static> Suite<S> {
    pub(crate) fn new(store: S) -> Self {
        let number = u64::try_from(chrono::Utc::now().timestamp_micros()).unwrap() % 1_000_000_000_000;
        Self { store, number }
    }

    pub(crate) async fn all(&self) {
        self.orders_are_made_once_and_come_back_as_they_were().await;
        self.of_copies_at_once_one_makes_the_order().await;
        self.an_order_is_found_by_its_number_when_it_is_pointed_to().await;
        self.of_changes_at_once_one_is_stored().await;
        self.batches_are_loaded_in_their_order().await;
        self.lines_are_made_once_and_changed_under_their_version().await;
        self.claims_hold_until_they_expire().await;
        self.the_index_of_open_orders_follows().await;
    }

    async fn orders_are_made_once_and_come_back_as_they_were(&self) {
        let mut first = order(self.number, Status::Pending, "john@example.com", at("2026-11-23 12:00:00"));
        assert!(matches!(self.store.create(&mut first).await.unwrap(), Insert::Inserted));
        assert_eq!(self.store.order(first.uuid).await.unwrap().as_ref(), Some(&first));
        assert_eq!(self.store.order(Uuid::new_v4()).await.unwrap(), None);
        let mut second = order(self.number + 1, Status::Queued, "jane@example.com", at("2026-11-23 12:00:01"));
        second.uuid = first.uuid;
        match self.store.create(&mut second).await.unwrap() {
            Insert::AlreadyExists(existing) => assert_eq!(*existing, first),
            Insert::Inserted => panic!("made twice"),
        }
        // The own first attempt, many changes later, is known by its number: it is nobody else's.
        let mut changed = first.clone();
        for _ in 0..6 {
            changed.remark("test", "a change".into(), at("2026-11-23 12:00:02"));
            assert_eq!(self.store.save(&mut changed).await.unwrap(), Save::Saved);
        }
        assert!(matches!(self.store.create(&mut first.clone()).await.unwrap(), Insert::Inserted));
        assert_eq!(self.store.order(first.uuid).await.unwrap(), Some(changed), "and it changed nothing");
    }

    async fn of_copies_at_once_one_makes_the_order(&self) {
        let first = order(self.number + 100, Status::Pending, "john@example.com", at("2026-11-23 12:00:00"));
        let copies = (0..20).map(|index| {
            let (store, mut copy) = (self.store.clone(), first.clone());
            copy.number = WorkOrderId(self.number + 100 + index);
            tokio::spawn(async move { matches!(store.create(&mut copy).await.unwrap(), Insert::Inserted) })
        });
        let made = join_all(copies).await.into_iter().filter(|made| *made.as_ref().unwrap()).count();
        assert_eq!(made, 1);
    }

    async fn an_order_is_found_by_its_number_when_it_is_pointed_to(&self) {
        let mut it = order(self.number + 200, Status::Pending, "john@example.com", at("2026-11-23 12:00:00"));
        self.store.create(&mut it).await.unwrap();
        assert_eq!(self.store.order_by_number(it.number).await.unwrap(), None);
        for _ in 0..2 {
            self.store.put_number_pointer(OrderRef::from(&it)).await.unwrap();
        }
        assert_eq!(self.store.order_by_number(it.number).await.unwrap(), Some(it));
    }

    async fn of_changes_at_once_one_is_stored(&self) {
        let mut it = order(self.number + 300, Status::Pending, "john@example.com", at("2026-11-23 12:00:00"));
        self.store.create(&mut it).await.unwrap();
        let changes = (0..20).map(|index| {
            let (store, mut copy) = (self.store.clone(), it.clone());
            tokio::spawn(async move {
                copy.remark("test", format!("change {index}"), at("2026-11-23 12:00:01"));
                store.save(&mut copy).await.unwrap() == Save::Saved
            })
        });
        let stored = join_all(changes).await.into_iter().filter(|stored| *stored.as_ref().unwrap()).count();
        assert_eq!(stored, 1);
        assert_eq!(self.store.order(it.uuid).await.unwrap().unwrap().version, 2);
        let mut absent = order(self.number + 301, Status::Pending, "john@example.com", at("2026-11-23 12:00:00"));
        assert_eq!(self.store.save(&mut absent).await.unwrap(), Save::Conflict, "there is nothing to change");
    }

    async fn batches_are_loaded_in_their_order(&self) {
        let mut names = Vec::new();
        for index in 0..10 {
            let mut it =
                order(self.number + 400 + index, Status::Queued, "john@example.com", at("2026-11-23 12:00:00"));
            self.store.create(&mut it).await.unwrap();
            if index % 2 == 0 {
                self.store.put_number_pointer(OrderRef::from(&it)).await.unwrap();
            }
            names.push(OrderRef::from(&it));
        }
        names.insert(3, OrderRef { order: Uuid::new_v4(), number: WorkOrderId(self.number + 499) });
        let loaded = self.store.load(&names).await.unwrap();
        assert_eq!(loaded.len(), names.len());
        for (index, (name, loaded)) in names.iter().zip(&loaded).enumerate() {
            let order = loaded.order.as_ref().unwrap();
            assert_eq!(order.as_ref().map(OrderRef::from), (index != 3).then_some(*name));
            assert_eq!(loaded.has_number_pointer, index != 3 && (name.number.0 - self.number).is_multiple_of(2));
        }
    }

    async fn lines_are_made_once_and_changed_under_their_version(&self) {
        let id = self.number * 100;
        let mut first = line(id);
        assert!(matches!(self.store.make(&first).await.unwrap(), Insert::Inserted));
        assert!(
            matches!(self.store.make(&line(id)).await.unwrap(), Insert::AlreadyExists(existing) if *existing == first)
        );
        let mut stale = first.clone();
        first.connections = 2;
        assert_eq!(self.store.save_activation(&mut first).await.unwrap(), Save::Saved);
        stale.connections = 3;
        assert_eq!(self.store.save_activation(&mut stale).await.unwrap(), Save::Conflict);
        let lookup_keys = BTreeSet::from([ActivationId(id), ActivationId(id + 1)]);
        let found = self.store.lines(&lookup_keys).await.unwrap();
        assert_eq!(found.into_values().collect::<Vec<_>>(), [first]);
    }

    async fn claims_hold_until_they_expire(&self) {
        let (name, now) = (format!("claim-{}", self.number), at("2026-11-23 12:00:00"));
        let binding = |reference: &str, hours: i64| KeyBinding {
            order: Uuid::nil(),
            reference: reference.to_owned(),
            request: Fingerprint::of([reference]),
            expires_at: now + chrono::Duration::hours(hours),
        };
        assert_eq!(self.store.find_binding(&name).await.unwrap(), None);
        assert!(matches!(self.store.bind_key(&name, &binding("first", 24), now).await.unwrap(), Insert::Inserted));
        match self.store.bind_key(&name, &binding("second", 24), now).await.unwrap() {
            Insert::AlreadyExists(held) => assert_eq!(held.reference, "first"),
            Insert::Inserted => panic!("bound twice"),
        }
        let later = now + chrono::Duration::hours(24);
        assert!(matches!(self.store.bind_key(&name, &binding("third", 48), later).await.unwrap(), Insert::Inserted));
        assert_eq!(self.store.find_binding(&name).await.unwrap().unwrap().reference, "third");
    }

    async fn the_index_of_open_orders_follows(&self) {
        let when = at("2026-11-23 12:00:00");
        let mut it = order(self.number + 500, Status::Queued, "john@example.com", when);
        self.store.create(&mut it).await.unwrap();
        let listed = async |before: Timestamp| {
            let open = self.store.open_orders(Status::Queued, before, 1_000).await.unwrap();
            open.into_iter().find(|entry| entry.name == OrderRef::from(&it))
        };
        assert!(listed(when).await.is_some());
        assert!(listed(when - chrono::Duration::seconds(1)).await.is_none());
        assert!(listed(Timestamp::MAX_UTC).await.is_some());
        let mut changed = it.clone();
        changed.next_attempt_at = Some(when + chrono::Duration::seconds(2));
        self.store.save(&mut changed).await.unwrap();
        assert!(listed(when).await.is_none(), "it is to be left alone for now");
        assert_eq!(listed(Timestamp::MAX_UTC).await.unwrap().next_attempt_at, changed.next_attempt_at);
        // An index may lag.
        let follows = async |is_listed: bool| {
            for _ in 0..50 {
                if listed(Timestamp::MAX_UTC).await.is_some() == is_listed {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            panic!("the index does not follow: listed should be {is_listed}");
        };
        changed.change(Status::Failed, "test", None, when).unwrap();
        self.store.save(&mut changed).await.unwrap();
        follows(false).await;
        // Its lines are still to be switched off: that is for the queue again.
        changed.change(Status::Canceled, "test", None, when).unwrap();
        self.store.save(&mut changed).await.unwrap();
        follows(true).await;
        changed.suspending = false;
        self.store.save(&mut changed).await.unwrap();
        follows(false).await;
    }
}

/// Catalogue, keys and lists, which only the store has.
pub(crate) async fn catalogue_and_keys(store: &DynamoDb) {
    let demo = seed_file::parse(local::start::DEMO.as_bytes()).unwrap();
    shared::use_case::operator::seed::apply(store, demo.clone(), "seed", at("2026-11-23 12:00:00")).await.unwrap();
    let lookup_keys = LookupKeys {
        key: Some(demo.api_keys[0].hash.clone()),
        products: demo.products.iter().map(|product| product.id).chain([ProductId(99)]).collect(),
        payment_method: Some(demo.payment_methods[1].id),
        bouquets: demo.bouquets.iter().map(|bouquet| bouquet.id).collect(),
        lines: [ActivationId(321), ActivationId(99_999)].into(),
    };
    let found = store.look_up(&lookup_keys).await.unwrap();
    assert_eq!(found.key.as_ref(), Some(&demo.api_keys[0]));
    assert_eq!((found.products.len(), found.bouquets.len(), found.lines.len()), (3, 3, 1));
    assert_eq!(found.payment_method.as_ref(), Some(&demo.payment_methods[1]));
    let mut listed = store.products().await.unwrap();
    listed.sort_by_key(|product| product.id);
    assert_eq!(listed, demo.products);
    assert_eq!(store.payment_methods().await.unwrap().len(), 3);
    assert_eq!(store.bouquets().await.unwrap().len(), 3);
    conditional_catalogue(store).await;
    directory_of_keys(store, &demo.api_keys[0]).await;
    // A key that is known is not changed by being added again.
    let mut again: ApiKey = demo.api_keys[0].clone();
    again.scopes = vec![Scope::OrdersRead];
    store.add_key(&again).await.unwrap();
    let lookup_keys = LookupKeys { key: Some(KeyHash::of(local::DEMO_KEY)), ..LookupKeys::default() };
    assert_eq!(store.look_up(&lookup_keys).await.unwrap().key.as_ref(), Some(&demo.api_keys[0]));
}

/// An entry is replaced only if it is as its writer has read it.
async fn conditional_catalogue(store: &DynamoDb) {
    let plus = store.products().await.unwrap().into_iter().find(|product| product.id == ProductId(2)).unwrap();
    let dearer = |price: &str| {
        let price = Amount::new(price.parse().unwrap(), plus.currency).unwrap();
        shared::domain::catalogue::Product { price, ..plus.clone() }
    };
    assert_eq!(store.put_product(None, &dearer("27")).await.unwrap(), Save::Conflict, "there is one");
    assert_eq!(store.put_product(Some(&dearer("28")), &dearer("27")).await.unwrap(), Save::Conflict, "it is another");
    assert_eq!(store.put_product(Some(&plus), &dearer("27")).await.unwrap(), Save::Saved);
    assert_eq!(store.put_product(Some(&plus), &dearer("27")).await.unwrap(), Save::Saved, "its own first attempt");
    assert_eq!(store.put_product(Some(&plus), &dearer("29")).await.unwrap(), Save::Conflict);
    assert_eq!(store.put_product(Some(&dearer("27")), &plus).await.unwrap(), Save::Saved);
    for method in store.payment_methods().await.unwrap() {
        let renamed = shared::domain::catalogue::PaymentMethod { active: !method.active, ..method.clone() };
        assert_eq!(store.put_payment_method(Some(&method), &renamed).await.unwrap(), Save::Saved, "{}", method.id);
        assert_eq!(store.put_payment_method(Some(&renamed), &method).await.unwrap(), Save::Saved);
    }
}

/// Names list keys; both change only as their writers have read them.
async fn directory_of_keys(store: &DynamoDb, demo: &ApiKey) {
    let mut named = store.named(&demo.name).await.unwrap().expect("a seed's key is listed");
    assert!(named.listed.iter().any(|listed| listed.hash == demo.hash));
    assert!(store.directory().await.unwrap().contains(&named));
    let mut late = named.clone();
    named.listed[0].by = "test".into();
    assert_eq!(store.save_named(&mut named).await.unwrap(), Save::Saved);
    late.listed[0].by = "too late".into();
    assert_eq!(store.save_named(&mut late).await.unwrap(), Save::Conflict);
    let mut new = shared::ports::NamedKeys { version: 0, ..named };
    assert_eq!(store.save_named(&mut new).await.unwrap(), Save::Conflict, "the name is there");
    let revoked = ApiKey { revoked_at: Some(at("2026-11-23 12:00:00")), ..demo.clone() };
    assert_eq!(store.replace_key(&revoked, demo).await.unwrap(), Save::Saved, "it is as it is to be");
    assert_eq!(store.replace_key(demo, &revoked).await.unwrap(), Save::Saved);
    let later = ApiKey { revoked_at: Some(at("2026-11-24 12:00:00")), ..demo.clone() };
    assert_eq!(store.replace_key(demo, &later).await.unwrap(), Save::Conflict, "it is revoked already");
    let unknown = KeyHash::of("nobody's");
    assert_eq!(store.keys(&[unknown, demo.hash.clone()]).await.unwrap(), std::slice::from_ref(&revoked));
    assert_eq!(store.replace_key(&revoked, demo).await.unwrap(), Save::Saved);
}

/// Two environments lease numbers, and no number is given twice; the lists go down the numbers.
pub(crate) async fn numbers_of_two_environments(one: &DynamoDb, other: &DynamoDb) {
    let take = |store: &DynamoDb| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut taken = Vec::new();
            for _ in 0..100 {
                taken.push(store.take().await.unwrap());
            }
            taken
        })
    };
    let (first, second) = futures_util::join!(take(one), take(other));
    let all: BTreeSet<WorkOrderId> = first.unwrap().into_iter().chain(second.unwrap()).collect();
    assert_eq!(all.len(), 200);
    let next = one.next_number().await.unwrap();
    assert!(all.iter().all(|number| *number < next));
    let email = format!("john{}@example.com", next.0);
    let mut made = Vec::new();
    for (index, number) in all.iter().rev().take(5).enumerate() {
        let when = at("2026-11-23 12:00:00") - chrono::Duration::seconds(i64::try_from(index).unwrap());
        let mut it = order(number.0, Status::Pending, &email, when);
        one.create(&mut it).await.unwrap();
        one.put_number_pointer(OrderRef::from(&it)).await.unwrap();
        made.push(it.uuid);
    }
    let lowest = *all.iter().rev().nth(4).unwrap();
    let listed = one.orders_numbered(lowest, next).await.unwrap();
    assert_eq!(listed.iter().map(|order| order.uuid).collect::<Vec<_>>(), made);
    let email = Email::parse(&email.to_uppercase()).unwrap();
    let OrderPage { orders: page, next: place } = one.orders_of_customer(&email, None, 3).await.unwrap();
    assert!(matches!(place, Some(Cursor::OfCustomer { .. })));
    let OrderPage { orders: rest, next: end } = one.orders_of_customer(&email, place, 3).await.unwrap();
    let uuids: Vec<Uuid> = page.iter().chain(&rest).map(|(_, order)| order.uuid).collect();
    assert_eq!((uuids, end), (made, None));
}

/// An environment that is started by a stranger's request, before the operator has said where numbers begin.
pub(crate) async fn a_start_does_not_begin_the_count(store: &DynamoDb) {
    if store.first_number().await.unwrap().is_none() {
        store.prewarm().await.unwrap();
        assert_eq!(store.first_number().await.unwrap(), None);
        store.begin_numbers(WorkOrderId(42)).await.unwrap();
    }
    store.prewarm().await.unwrap();
    let first = store.first_number().await.unwrap().unwrap();
    assert!(store.take().await.unwrap() >= first);
}

pub(crate) async fn endpoints(store: &DynamoDb) {
    let endpoint = WebhookEndpoint {
        id: WebhookEndpointId(format!("ep_{}", &Uuid::new_v4().simple().to_string()[..12])),
        url: "https://shop.example/hooks?key=1".into(),
        events: BTreeSet::from([EventKind::OrderFailed, EventKind::PaymentSubmitted]),
        secret: WebhookSecret("whsec_c2VjcmV0".into()),
        created_at: at("2026-11-23 17:00:00"),
        disabled: false,
    };
    assert_eq!(store.endpoint(&endpoint.id).await.unwrap(), None);
    assert!(!store.remove_endpoint(&endpoint.id).await.unwrap());
    assert!(matches!(store.add_endpoint(&endpoint).await.unwrap(), Insert::Inserted));
    let other = WebhookEndpoint { url: "https://other.example/".into(), ..endpoint.clone() };
    assert!(matches!(store.add_endpoint(&other).await.unwrap(), Insert::AlreadyExists(_)), "none is overwritten");
    assert_eq!(store.endpoint(&endpoint.id).await.unwrap().as_ref(), Some(&endpoint));
    assert!(store.endpoints().await.unwrap().contains(&endpoint));
    assert!(store.remove_endpoint(&endpoint.id).await.unwrap());
    assert_eq!(store.endpoint(&endpoint.id).await.unwrap(), None);
    assert!(!store.endpoints().await.unwrap().contains(&endpoint));
}
