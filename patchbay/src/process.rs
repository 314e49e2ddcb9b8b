//! One role as a process: runtime, telemetry, ops listener, signals.

use crate::roles::{self, Role};
use crate::{assemble, otlp, source};
use anyhow::Context;
use common::config::Config;
use common::health::{self, Readiness};
use common::lifecycle::Lifecycle;
use common::telemetry;
use std::time::Duration;

/// After a stop is asked for: above the roles' own patience, below Kubernetes' grace period.
const BEYOND_DRAIN: Duration = Duration::from_secs(60);

/// Runs one role until SIGTERM or Ctrl-C; a second one ends it at once.
pub(crate) fn run(config: Config, role: Role) -> anyhow::Result<()> {
    // The exporter owns a blocking client, which must be made outside the runtime.
    let tracer = otlp::tracer(&config, role.name())?;
    // Dropped last: it writes what is left of logs and traces.
    let _telemetry = telemetry::init(role.name(), config.log_format, tracer);
    runtime()?.block_on(serve(&config, role))
}

/// The runtime of every command.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("failed to start the runtime")
}

async fn serve(config: &Config, role: Role) -> anyhow::Result<()> {
    let metrics = telemetry::metrics_table::install();
    let lifecycle = Lifecycle::new();
    let ops = Lifecycle::new();
    let readiness = Readiness::expecting(role.conditions());
    let listener = roles::listen(config.ops_listen, "PATCHBAY_OPS__LISTEN").await?;
    health::serve(listener, readiness.clone(), metrics, &ops);
    let ports = assemble::ports(config).await?;
    match role {
        Role::Gateway => {
            let listener = roles::listen(config.gateway.listen, "PATCHBAY_GATEWAY__LISTEN").await?;
            let source = source::begin(config, ports.db.as_ref(), ports.directory.as_ref()).await?;
            roles::gateway(config, &ports, &source, listener, &readiness, &lifecycle).await?;
        }
        Role::Worker => {
            let listener = roles::listen(config.worker.listen, "PATCHBAY_WORKER__LISTEN").await?;
            roles::worker(config, &ports, listener, &readiness, &lifecycle);
        }
        Role::Recorder => roles::recorder(config, &ports, &readiness, &lifecycle),
    }
    until_stopped(&lifecycle, signal()).await;
    let patience = config.worker.drain + BEYOND_DRAIN;
    tokio::select! {
        left = lifecycle.join(patience) => if left > 0 { tracing::warn!(left, "tasks had to be ended") },
        () = signal() => {
            tracing::warn!("a second stop: ending now");
            lifecycle.kill();
        }
    }
    ops.kill();
    Ok(())
}

/// Waits for the first signal and passes it on as a soft stop.
pub(crate) async fn until_stopped(lifecycle: &Lifecycle, signal: impl Future<Output = ()>) {
    signal.await;
    tracing::info!("stopping: no new calls, live calls may finish; a second signal ends now");
    lifecycle.stop();
}

/// SIGTERM or Ctrl-C, heard from this call on and not only from the first await: whoever says that it runs must be ready
/// to be stopped.
pub(crate) fn signal() -> impl Future<Output = ()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let heard = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
        async {
            if let (Ok(mut interrupt), Ok(mut terminate)) = heard {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            } else {
                std::future::pending().await
            }
        }
    }
    #[cfg(not(unix))]
    async {
        let _ = tokio::signal::ctrl_c().await;
    }
}
