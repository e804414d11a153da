//! The processor time of verifications, for `benches/passwords`: what stands in a line of the input is measured.
//!
//! A line is `SCHEME<tab>STORED<tab>PASSWORD<tab>COUNT<tab>TOGETHER`, with an empty scheme for what is accepted without
//! being named; the answer is the nanoseconds that each of COUNT verifications took of the processor, with TOGETHER of
//! them waiting at a time for the one hashing thread, or `unknown` for a value that no scheme reads.

#![allow(clippy::print_stdout, reason = "the answers are what it is for")]

use idstore_passwords::{Accept, Hash, Limits, Reading, Stored, WorkerOptions, Workers};
use idstore_secret::Secret;
use rustix::time::{ClockId, clock_gettime};
use std::error::Error;
use std::io::{Write as _, stdin, stdout};
use std::sync::Arc;
use std::time::{Duration, Instant};

type Failed = Box<dyn Error + Send + Sync>;

/// Longer than any measurement.
const DEADLINE: Duration = Duration::from_secs(600);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failed> {
    let options = WorkerOptions { threads: 1, nice: 0, ..WorkerOptions::default() };
    let workers = Arc::new(Workers::start(options)?);
    for line in stdin().lines() {
        let line = line?;
        let [scheme, stored, password, count, together] = *line.split('\t').collect::<Vec<_>>() else {
            return Err("five fields make a line".into());
        };
        match read(scheme, stored) {
            Some(hash) => {
                let nanoseconds =
                    measure(&workers, &hash, password, count.parse()?, together.parse()?).await?;
                println!("{nanoseconds}");
            }
            None => println!("unknown"),
        }
        stdout().flush()?;
    }
    Ok(())
}

fn read(scheme: &str, stored: &str) -> Option<Hash> {
    let named = [scheme.to_owned()];
    let (accept, _) = Accept::parse((!scheme.is_empty()).then_some(named.as_slice())).ok()?;
    match accept.read(&Stored::new(&stored.into()), &Limits::default()) {
        Reading::Hash(hash) => Some(hash),
        _ => None,
    }
}

/// Nanoseconds of the process's threads together, for each verification.
async fn measure(
    workers: &Arc<Workers>,
    hash: &Hash,
    password: &str,
    count: u32,
    together: u32,
) -> Result<u128, Failed> {
    let started = processor_time()?;
    let callers: Vec<_> = (0..together)
        .map(|caller| {
            let (workers, hash, password) = (Arc::clone(workers), hash.clone(), Secret::from(password));
            tokio::spawn(async move {
                for _ in (caller..count).step_by(usize::try_from(together)?) {
                    let deadline = Instant::now().checked_add(DEADLINE).ok_or("no such time")?;
                    if !workers.verify(hash.clone(), password.clone(), deadline).await? {
                        return Err("it does not match".into());
                    }
                }
                Ok::<_, Failed>(())
            })
        })
        .collect();
    for caller in callers {
        caller.await??;
    }
    let taken = processor_time()?.saturating_sub(started);
    taken.as_nanos().checked_div(count.into()).ok_or_else(|| "a count of none".into())
}

fn processor_time() -> Result<Duration, Failed> {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Ok(Duration::new(time.tv_sec.try_into()?, time.tv_nsec.try_into()?))
}
