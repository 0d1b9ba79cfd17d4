//! What every run begins with: the demo catalogue and an order in every state that matters, in memory.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use shared::{
    domain::{
        cart::{CartItem, Intent},
        catalogue::PaymentMethod,
        email::Email,
        ids::{PaymentMethodId, WorkOrderId},
        money::{Amount, Currency},
        status::Status,
        time::from_wire,
        token::{TokenSecret, TokenSecrets},
        work_order::{Customer, MethodSnapshot, NewWorkOrder, WorkOrder},
    },
    ports::{LookupResult, Orders},
    use_case::{context::Context, rate_limit::RateLimits},
    wire::seed_file,
};
use support::{clock::TestClock, memory::Memory, orders::item};
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Now.
const NOW: &str = "2026-11-23 12:00:00";

/// The orders that are there, by their numbers. Order 45 renews line 321.
const ORDERS: [(u64, Status); 8] = [
    (42, Status::PendingPayment),
    (43, Status::PendingPayment),
    (44, Status::PaymentSubmitted),
    (45, Status::Queued),
    (46, Status::Completed),
    (47, Status::Canceled),
    (48, Status::Failed),
    (49, Status::Pending),
];

/// A service and what is behind it.
pub(crate) struct World {
    pub(crate) store: Memory,
    pub(crate) context: Context<Memory, Memory>,
}

struct Demo {
    found: LookupResult,
    methods: HashMap<PaymentMethodId, PaymentMethod>,
    orders: Vec<WorkOrder>,
}

static DEMO: LazyLock<Demo> = LazyLock::new(|| {
    let seed = seed_file::parse(local::start::DEMO.as_bytes()).unwrap();
    let methods: HashMap<_, _> = seed.payment_methods.into_iter().map(|method| (method.id, method)).collect();
    let found = LookupResult {
        key: seed.api_keys.into_iter().next(),
        products: seed.products.into_iter().map(|product| (product.id, product)).collect(),
        payment_method: None,
        bouquets: seed.bouquets.into_iter().map(|bouquet| (bouquet.id, bouquet)).collect(),
        lines: seed.lines.into_iter().map(|line| (line.id, line)).collect(),
    };
    let venmo = methods.get(&PaymentMethodId(2)).map(MethodSnapshot::from);
    let orders = ORDERS.into_iter().map(|(number, status)| order(number, status, venmo.clone())).collect();
    Demo { found, methods, orders }
});

/// Two versions, the second in use: the tokens of the orders that are there, which the corpora hold, are of the first.
pub(crate) static TOKENS: LazyLock<TokenSecrets> = LazyLock::new(|| {
    let secret = |version| TokenSecret::new(version, format!("secret {version} of the fuzz targets")).unwrap();
    TokenSecrets::new(secret(2), Some(secret(1)))
});

/// The uuid of an order that is there.
pub(crate) fn uuid(number: u64) -> Uuid {
    Uuid::from_u128(0x8000_0000_0000_4000_8000_0000_0000_0000 + u128::from(number))
}

fn order(number: u64, status: Status, method: Option<MethodSnapshot>) -> WorkOrder {
    let price = Amount::new("9.99".parse().unwrap(), Currency::USD).unwrap();
    let renewal = number == 45;
    let (intent, line) = if renewal { (Intent::Renewal, Some(321)) } else { (Intent::NewActivation, None) };
    let new = NewWorkOrder {
        uuid: uuid(number),
        number: WorkOrderId(number),
        shop: "demo".into(),
        source: "woocommerce".into(),
        customer: Customer {
            email: Email::parse("john@example.com").unwrap(),
            name: Some("John Doe".into()),
            phone: None,
            address: None,
        },
        currency: Currency::USD,
        cart: vec![CartItem { price, ..item(intent, line, 1) }],
        adjustment: None,
        payment: None,
        payment_method: method,
        wc_order_id: Some((1_000 + number).to_string()),
        notes: None,
        bouquet_ids: vec![],
        categories: vec![],
        status,
        token_version: Some(1),
        fingerprints: None,
        remark: None,
        at: from_wire("2026-11-23 11:00:00").unwrap(),
    };
    WorkOrder::new(new, "key:demo")
}

impl World {
    pub(crate) fn new() -> Self {
        let Demo { found, methods, orders } = &*DEMO;
        let store = Memory::with(found.clone()).and_methods(methods.values().cloned());
        block_on(async {
            for order in orders {
                store.create(&mut order.clone()).await.unwrap();
                store.put_number_pointer(order.into()).await.unwrap();
            }
        });
        let clock = Arc::new(TestClock::at(NOW));
        let limits = RateLimits::default();
        Self { context: Context { store: store.clone(), queue: store.clone(), clock, limits }, store }
    }

    /// The order with this reference code.
    pub(crate) fn order(&self, reference: &str) -> WorkOrder {
        let orders = self.store.all_orders();
        let order = orders.into_iter().find(|order| order.reference().to_string() == reference);
        order.unwrap_or_else(|| panic!("a reply names {reference}, which is not there"))
    }
}

/// Runs a future to its end.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    thread_local! {
        static RUNTIME: RefCell<Runtime> =
            RefCell::new(tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap());
    }
    RUNTIME.with_borrow(|runtime| runtime.block_on(future))
}
