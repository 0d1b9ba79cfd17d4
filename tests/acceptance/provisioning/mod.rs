//! Provisioning: queue, sweep, provisioner and webhooks, with faults at every step.

mod calls;
mod deliveries;
mod events;
mod far_apart;
mod faults;
mod faults_of_waiting_orders;
mod provisioner;
mod scale;
mod sweeping;
