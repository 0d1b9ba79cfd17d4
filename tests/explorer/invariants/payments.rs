//! Money: every payment that was said to be kept is there, once, and there is none besides.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use shared::domain::{status::Status, work_order::WorkOrder};

use crate::{
    actors::{Act, Told},
    requests::{Ask, Reply, Request},
    scenario::Scenario,
    scheduler::Run,
};

/// Which payment it is: two requests with the same of this mean the same money.
type Means = (Option<String>, Option<&'static str>, Option<Decimal>);

fn means(request: &Request) -> Option<Means> {
    let (id, amount) = request.payment.clone()?;
    let header = if id.is_none() { request.header } else { None };
    Some((id, header, amount))
}

fn decimal(amount: shared::domain::money::Amount) -> Decimal {
    amount.to_json().to_string().parse().unwrap()
}

/// Does an operator set a payment of this order right?
pub(super) fn is_corrected(scenario: &Scenario, order: uuid::Uuid) -> bool {
    scenario.acts(order, |act| matches!(act, Act::Partial(_)))
}

/// Does somebody complete this order for whatever is due, without a word of how much?
fn pays_the_balance(scenario: &Scenario, order: uuid::Uuid) -> bool {
    let mut asked = scenario.requests().filter(|request| request.order == order);
    scenario.acts(order, |act| matches!(act, Act::Approve))
        || asked.any(|request| match &request.ask {
            Ask::Complete(_) | Ask::Create(_) => !matches!(request.payment, Some((_, Some(_)))),
            Ask::CompletePending(..) => true,
            Ask::Submit(_) => false,
        })
}

/// Is the payment of this request the last that was recorded?
pub(super) fn is_last(run: &Run, request: &Request) -> bool {
    let order = run.world.memory.all_orders().into_iter().find(|order| order.uuid == request.order);
    let last = order.and_then(|order| order.payments().last().cloned());
    last.is_some_and(|last| request.payment.as_ref().is_some_and(|(id, _)| *id == last.transaction_id))
}

pub(super) fn add_up(scenario: &Scenario, run: &Run, order: &WorkOrder) -> Result<(), String> {
    let asked = scenario.requests().filter(|request| request.order == order.uuid);
    let said: BTreeSet<Means> = asked.filter_map(means).collect();
    let paid: Vec<(Option<&str>, Decimal)> =
        order.payments().iter().map(|payment| (payment.transaction_id.as_deref(), decimal(payment.amount))).collect();
    let corrected = is_corrected(scenario, order.uuid);
    let mut balances = 0;
    for (place, (id, amount)) in paid.iter().enumerate() {
        let before = paid.get(..place).unwrap_or_default();
        // A transaction is one payment, whatever an operator made of its amount.
        let copies = before.iter().filter(|(other, much)| other == id && (id.is_some() || much == amount)).count();
        let known = said
            .iter()
            .filter(|(said, _, much)| said.as_deref() == *id && (corrected || much.is_none_or(|much| much == *amount)))
            .count();
        if id.is_some() && (known == 0 || copies > 0) {
            return Err(format!("a payment of {amount} from nowhere, or twice"));
        }
        // Without an id it is one of those that were said under a key, or the balance that a completion pays: one at most.
        if id.is_none() && known <= copies {
            balances += 1;
        }
    }
    // An operator who sets a payment right that had no id makes one without.
    let most = usize::from(pays_the_balance(scenario, order.uuid)) + usize::from(corrected);
    if balances > most {
        return Err(format!("{balances} payments that nobody made"));
    }
    let (total, sum) = (decimal(order.order_total()), decimal(order.prev_paid()));
    let most: Decimal = said.iter().filter_map(|(_, _, amount)| *amount).sum();
    if sum > total.max(most) {
        return Err(format!("{sum} was paid of {total}, and only {most} was sent"));
    }
    let sold = order.status().is_sold() && order.created_status != Status::Completed;
    if sold && sum < total {
        return Err(format!("sold, and {} is due", total - sum));
    }
    for told in &run.told {
        let Told::Client(request, reply) = told else { continue };
        let kept = matches!(reply, Reply::Refused { kept: true, .. })
            || matches!((reply, &request.ask), (Reply::Done(_), Ask::Submit(_)));
        let Some((id, _, Some(amount))) = means(request).filter(|_| kept && request.order == order.uuid) else {
            continue;
        };
        // An operator may have found another amount of it.
        let is = |(other, much): &(Option<&str>, Decimal)| *other == id.as_deref() && (corrected || *much == amount);
        if !paid.iter().any(is) {
            return Err(format!("a payment of {amount} was kept, it was said, and is gone"));
        }
    }
    Ok(())
}
