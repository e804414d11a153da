//! A server that restarts, stands still or cuts sessions while many ask: nobody is told something wrong.

use crate::faults::{own, recovers};
use crate::server::{Database, Outcome, Product, account, ensure, find, within};
use idstore_conformance::process::{freeze, thaw};
use idstore_contract::{ErrorKind, StoreHandle};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// People who ask without a break, and what they were told.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    asking: JoinSet<Outcome>,
}

impl Load {
    fn begin(store: &StoreHandle) -> Self {
        let mut load = Self { stop: Arc::default(), answered: Arc::default(), asking: JoinSet::new() };
        for _ in 0..12 {
            let (store, stop, answered) = (store.clone(), load.stop.clone(), load.answered.clone());
            load.asking.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    match find(&store, "a@example.com", 400).await {
                        Ok(found) => ensure(found.len() == 1, "an outage looks like an unknown user")?,
                        Err(error) => ensure(
                            matches!(
                                error.kind(),
                                ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Busy
                            ),
                            format!("{error:?}"),
                        )?,
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                }
                Ok(())
            });
        }
        load
    }

    /// Until so many more were answered.
    async fn goes_on(&self, count: usize) -> Outcome {
        let goal = self.answered.load(Ordering::Relaxed).saturating_add(count);
        within(Duration::from_secs(20), "the load goes on", || async {
            Ok(self.answered.load(Ordering::Relaxed) >= goal)
        })
        .await
    }

    async fn end(mut self) -> Outcome {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(done) = self.asking.join_next().await {
            done.map_err(|error| error.to_string())??;
        }
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_a_restart_a_freeze_and_killed_sessions_make_no_wrong_answer() -> Outcome {
    for product in Product::EACH {
        let (server, database, store) = own(product, &[]).await?;
        let load = Load::begin(&store);
        load.goes_on(100).await?;
        server.kill()?;
        load.goes_on(50).await?;
        server.up().await?;
        recovers(&store).await.map_err(|why| format!("{product:?}, restarted: {why}"))?;
        load.goes_on(100).await?;
        freeze(&server.processes()?).await?;
        load.goes_on(24).await?;
        thaw(&server.processes()?)?;
        recovers(&store).await.map_err(|why| format!("{product:?}, frozen: {why}"))?;
        load.goes_on(100).await?;
        let again = Database::create_on(database.address.clone()).await?;
        for _ in 0..5 {
            again.kill_sessions_of(&database.role).await?;
            load.goes_on(30).await?;
        }
        load.end().await.map_err(|why| format!("{product:?}: {why}"))?;
        account(&store, "a@example.com").await?;
    }
    Ok(())
}
