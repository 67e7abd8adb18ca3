//! Recipes for everyday work with PagerDuty. Each is a function to copy; this program runs one:
//!
//! ```sh
//! export PAGERDUTY_ROUTING_KEY=... PAGERDUTY_API_TOKEN=... PAGERDUTY_FROM=ann@example.com
//! cargo run --example recipes -- trigger
//! cargo run --example recipes            # lists them
//! ```
//!
//! Against a sandbox, set `PAGERDUTY_API_URL` and `PAGERDUTY_EVENTS_URL` as well.

mod alerts;
mod changes;
mod debug;
mod incidents;
mod on_call;
mod services;
mod settings;
mod webhook_server;
mod webhooks;

use std::error::Error;

use settings::{needed, sender};

const RECIPES: &str = "\
trigger                         trigger an alert
full                            trigger one with everything an event can hold
acknowledge KEY, resolve KEY    say what became of the alert with this key
open                            list open incidents, all of them
get ID                          read an incident
create TITLE                    open an incident          (PAGERDUTY_SERVICE_ID)
take ID, close ID WHY           acknowledge or resolve an incident
note ID TEXT                    add a note to an incident
on-call                         who is on call
override                        take over for 8 hours     (PAGERDUTY_SCHEDULE_ID, PAGERDUTY_USER_ID)
services                        list services
service NAME                    create a service          (PAGERDUTY_ESCALATION_POLICY_ID)
integration                     add a way in for events   (PAGERDUTY_SERVICE_ID)
webhooks                        receive webhooks on port 3000 (PAGERDUTY_WEBHOOK_SECRET)
deployed                        send a change event       (PAGERDUTY_CHANGE_ROUTING_KEY)
debug                           show the limits of the token, and try the routing key";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let sender = sender()?;
    let key = || needed("PAGERDUTY_ROUTING_KEY");
    let service = || needed("PAGERDUTY_SERVICE_ID");
    match arguments[..] {
        ["trigger"] => println!("{}", alerts::trigger(&sender, &key()?).await?),
        ["full"] => println!("{}", alerts::full(&sender, &key()?).await?),
        ["acknowledge", alert] => alerts::acknowledge(&sender, &key()?, alert).await?,
        ["resolve", alert] => alerts::resolve(&sender, &key()?, alert).await?,
        ["open"] => print_all(incidents::open(&sender).await?),
        ["get", id] => println!("{}", incidents::get(&sender, id).await?),
        ["create", title] => println!("{}", incidents::create(&sender, &service()?, title, title).await?),
        ["take", id] => println!("{:?}", incidents::acknowledge(&sender, id).await?),
        ["close", id, why] => println!("{:?}", incidents::resolve(&sender, id, why).await?),
        ["note", id, text] => println!("{}", incidents::add_note(&sender, id, text).await?),
        ["on-call"] => print_all(on_call::who(&sender).await?),
        ["override"] => {
            let (start, end) = settings::now_and_in_hours(8);
            let (schedule, user) = (needed("PAGERDUTY_SCHEDULE_ID")?, needed("PAGERDUTY_USER_ID")?);
            println!("{}", on_call::take_over(&sender, &schedule, &user, &start, &end).await?);
        }
        ["services"] => print_all(services::list(&sender).await?),
        ["service", name] => {
            println!("{}", services::create(&sender, name, &needed("PAGERDUTY_ESCALATION_POLICY_ID")?).await?);
        }
        // Prints a secret: whoever has the key can send alerts.
        ["integration"] => println!("{}", services::add_integration(&sender, &service()?).await?.expose()),
        ["webhooks"] => webhook_server::serve(needed("PAGERDUTY_WEBHOOK_SECRET")?).await?,
        ["deployed"] => changes::deployed(&sender, &needed("PAGERDUTY_CHANGE_ROUTING_KEY").or_else(|_| key())?).await?,
        ["debug"] => {
            println!("{}", debug::limits(&sender).await?);
            println!("{}", debug::try_key(&sender, &key()?, &settings::now_and_in_hours(0).0).await?);
        }
        _ => println!("usage: recipes RECIPE\n\n{RECIPES}"),
    }
    Ok(())
}

fn print_all(lines: Vec<String>) {
    for line in lines {
        println!("{line}");
    }
}
