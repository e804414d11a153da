//! The admin listener: `/livez`, `/readyz`, `/readyz/{store}` and `/metrics`. Read-only, and without a token: it listens
//! on loopback unless the operator says otherwise.

use super::framing;
use super::handle::Api;
use super::live::Live;
use http_body_util::Full;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use std::fmt::Write as _;
use std::sync::Arc;
use tokio::sync::watch;

const TEXT: &str = "text/plain; charset=utf-8";
/// The media type of the `OpenMetrics` text format, which Prometheus asks for.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What answers the admin pages.
pub struct Admin {
    /// Whose state is shown.
    pub api: Arc<Api>,
    /// True once the daemon drains: it is no longer ready then.
    pub draining: watch::Receiver<bool>,
}

impl Admin {
    /// Answers one request.
    pub fn handle(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let fault = framing::fault(request);
        let mut response = match fault {
            Some(fault) => page(StatusCode::BAD_REQUEST, TEXT, format!("{fault}\n")),
            None => self.answer(request),
        };
        // No page reads a body.
        if fault.is_some() || framing::must_end(request.headers()) || !request.body().is_end_stream() {
            framing::end(&mut response);
        }
        response
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return page(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET is answered here\n".to_owned());
        }
        let live = self.api.live.load_full();
        match request.uri().path() {
            "/livez" => page(StatusCode::OK, TEXT, "ok\n".to_owned()),
            "/readyz" => self.ready(&live),
            "/metrics" => {
                let waiting = i64::try_from(self.api.workers.depth()).unwrap_or(i64::MAX);
                self.api.metrics.hash_queue.set(waiting);
                page(StatusCode::OK, OPEN_METRICS, self.api.metrics.exposition())
            }
            path => match path.strip_prefix("/readyz/").and_then(|name| live.stores.get(name)) {
                Some(watched) => {
                    page(up(watched.health.is_up()), TEXT, format!("{}\n", watched.health.sentence()))
                }
                None => page(StatusCode::NOT_FOUND, TEXT, "there is no such page\n".to_owned()),
            },
        }
    }

    /// A line for each store; one that is not required does not count.
    fn ready(&self, live: &Live) -> Response<Full<Bytes>> {
        let draining = *self.draining.borrow();
        let mut text = String::new();
        if draining {
            text.push_str("the daemon is stopping\n");
        }
        for (name, watched) in &live.stores {
            let remark = if watched.required { "" } else { " (not required)" };
            // Writing into a String can't fail.
            writeln!(text, "{name}{remark}: {}", watched.health.sentence()).ok();
        }
        page(up(live.is_ready() && !draining), TEXT, text)
    }
}

fn up(up: bool) -> StatusCode {
    if up { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

fn page(status: StatusCode, media_type: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
