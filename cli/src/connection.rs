//! The way to the daemon.

use crate::failure::Failure;
use sotto_control::{Client, Method, Places};
use std::time::Duration;

/// What this program calls itself; others see it beside what it causes.
pub(crate) const NAME: &str = "sotto";
/// How often to look for a daemon that is about to start.
const RETRY: Duration = Duration::from_millis(100);
/// How long a daemon may take from its start until it can be asked.
const STARTING: Duration = Duration::from_secs(3);

/// Connects to the daemon of this home.
pub(crate) async fn connect() -> Result<Client, Failure> {
    Ok(Client::connect(&Places::find()?, NAME).await?)
}

/// Connects to the daemon of this home, which may have been started a moment ago.
pub(crate) async fn connect_when_starting() -> Result<Client, Failure> {
    match tokio::time::timeout(STARTING, connect_when_running()).await {
        Ok(client) => client,
        Err(_) => connect().await,
    }
}

/// Connects to the daemon of this home as soon as it runs.
pub(crate) async fn connect_when_running() -> Result<Client, Failure> {
    let places = Places::find()?;
    loop {
        match Client::connect(&places, NAME).await {
            Err(error) if error.nobody_listens() => {
                tokio::time::sleep(RETRY).await;
            }
            result => return Ok(result?),
        }
    }
}

/// Connects, asks once, and returns the reply.
pub(crate) async fn ask<M: Method>(params: M) -> Result<M::Reply, Failure> {
    Ok(connect().await?.call(params).await?)
}
