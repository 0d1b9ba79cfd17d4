//! The catalogue as a whole, and orders in lists.

use shared::{
    domain::{
        catalogue::{Bouquet, PaymentMethod, Product},
        email::Email,
        ids::WorkOrderId,
        work_order::WorkOrder,
    },
    ports::{Catalogue, Cursor, Listing, OrderPage, PortError},
};

use super::Memory;

impl Catalogue for Memory {
    async fn products(&self) -> Result<Vec<Product>, PortError> {
        Ok(self.state().found.products.values().cloned().collect())
    }

    async fn payment_methods(&self) -> Result<Vec<PaymentMethod>, PortError> {
        let state = self.state();
        Ok(state.found.payment_method.iter().chain(state.methods.values()).cloned().collect())
    }

    async fn bouquets(&self) -> Result<Vec<Bouquet>, PortError> {
        Ok(self.state().found.bouquets.values().cloned().collect())
    }
}

impl Listing for Memory {
    async fn next_number(&self) -> Result<WorkOrderId, PortError> {
        let state = self.state();
        let last = state.numbers.last_key_value().map_or(0, |(number, _)| number.0);
        Ok(WorkOrderId(last.max(state.next) + 1))
    }

    async fn orders_numbered(&self, lowest: WorkOrderId, below: WorkOrderId) -> Result<Vec<WorkOrder>, PortError> {
        let state = self.state();
        if lowest >= below {
            return Ok(Vec::new());
        }
        let numbered = state.numbers.range(lowest..below).rev();
        Ok(numbered.filter_map(|(_, uuid)| state.orders.get(uuid).cloned()).collect())
    }

    async fn orders_of_customer(
        &self,
        customer: &Email,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<OrderPage, PortError> {
        let state = self.state();
        let after = match after {
            Some(Cursor::OfCustomer { created_at, order }) => Some((created_at, order)),
            _ => None,
        };
        let of_customer = state.orders.values().filter(|order| order.customer.email == *customer);
        let mut rest: Vec<&WorkOrder> = of_customer
            .filter(|order| after.is_none_or(|(created_at, uuid)| (order.created_at, order.uuid) < (created_at, uuid)))
            .collect();
        rest.sort_by_key(|order| std::cmp::Reverse((order.created_at, order.uuid)));
        let limit = limit as usize;
        let place = |order: &WorkOrder| Cursor::OfCustomer { created_at: order.created_at, order: order.uuid };
        let next = rest.get(limit).and_then(|_| rest.get(limit.checked_sub(1)?)).map(|order| place(order));
        let orders = rest.into_iter().take(limit).map(|order| (place(order), order.clone())).collect();
        Ok(OrderPage { orders, next })
    }
}
