//! [`Api`]: the whole way of one request, from its head to its answer and its one log line.

use super::code::{Code, Loudness};
use super::live::Live;
use super::problem::Problem;
use super::router::route;
use super::{body, framing, request_id};
use crate::actions::{self, Ask, Context, Rights};
use crate::clock;
use crate::config::Action;
use crate::connections::Connection;
use crate::platforms::{Malformed, native};
use crate::telemetry::{ActionLabels, Label, Metrics, RequestLabels, ScriptLabels, seconds};
use arc_swap::ArcSwap;
use futures_util::FutureExt as _;
use http_body_util::Full;
use hyper::HeaderMap;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, USER_AGENT, WWW_AUTHENTICATE,
};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use idstore_contract::Call;
use idstore_passwords::Workers;
use serde_json::Value;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most headers of a request; what proxies add fits many times over.
const HEADERS_MAX: usize = 64;
/// The most bytes of all header names and values, and of the path with what follows it.
const HEADER_BYTES_MAX: usize = 16 * 1024;

/// What answers the platforms' requests.
pub struct Api {
    /// Callers, connections and stores; taken once by each request.
    pub live: ArcSwap<Live>,
    /// Where hashing happens.
    pub workers: Workers,
    /// Where requests are counted.
    pub metrics: Arc<Metrics>,
    /// The largest body, in bytes.
    pub body_bytes_max: usize,
    /// The time for a body.
    pub body_time: Duration,
}

/// What is known of a request for its log line and its labels, as far as it got.
#[derive(Default)]
struct Seen {
    caller: Option<Arc<str>>,
    connection: Option<Arc<str>>,
    action: Option<Action>,
    /// Whether its body was read to its end.
    body_read: bool,
}

impl Api {
    /// Answers one request. A panic is an answer too, and the daemon goes on.
    pub async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let began = Instant::now();
        let id = request_id::of(request.headers());
        let fault = framing::fault(&request);
        let is_last = fault.is_some() || framing::must_end(request.headers());
        let has_body = !request.body().is_end_stream();
        let mut record = Record { api: &self, id: &id, began, seen: Seen::default(), told: false };
        let answered = match fault {
            Some(fault) => Err(Malformed::at("", fault).into()),
            None => AssertUnwindSafe(self.answer(request, &id, began, &mut record.seen))
                .catch_unwind()
                .await
                .unwrap_or_else(|_| {
                    Err(Problem::new(Code::Internal).logged("a panic; its place has a line of its own"))
                }),
        };
        record.tell(answered.as_ref().map(|_| "ok"));
        let mut response = match answered {
            Ok((status, body)) => respond(&id, status, "application/json", &body),
            Err(problem) => refuse(&id, &problem),
        };
        // What of a body is unread can't be told from the next request; hyper ends the connection, and this says so.
        if is_last || (has_body && !record.seen.body_read) {
            framing::end(&mut response);
        }
        response
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        id: &Arc<str>,
        began: Instant,
        seen: &mut Seen,
    ) -> Result<(StatusCode, Value), Problem> {
        let live = self.live.load_full();
        let (head, incoming) = request.into_parts();
        fit(&head)?;
        let route = route(head.uri.path()).ok_or(Problem::new(Code::UnknownAction))?;
        if head.method != Method::POST {
            return Err(Problem::new(Code::MethodNotAllowed));
        }
        let caller =
            live.callers.authenticate(&head.headers).ok_or(Problem::new(Code::CallerUnauthenticated))?;
        seen.caller = Some(Arc::clone(&caller.name));
        if !caller.may_use(route.connection) {
            return Err(Problem::new(Code::CallerForbidden));
        }
        let connection =
            live.connections.get(route.connection).ok_or(Problem::new(Code::UnknownConnection))?;
        seen.connection = Some(Arc::clone(&connection.name));
        let action = Action::parse(route.action).ok_or(Problem::new(Code::UnknownAction))?;
        seen.action = Some(action);
        if !caller.may_ask(action) {
            return Err(Problem::new(Code::CallerForbidden));
        }
        if let Some(version) = auth0_scripts(&head.headers) {
            let connection = Label(Arc::clone(&connection.name));
            let labels = ScriptLabels { connection, action: action.as_str(), version };
            self.metrics.auth0_script_requests.get_or_create(&labels).inc();
        }
        let bytes = body::read(&head.headers, incoming, self.body_bytes_max, self.body_time).await?;
        seen.body_read = true;
        let (request, context) = native::decode(action, &bytes)?;
        drop(bytes);
        let ask = self.ask(connection, caller.rights.clone(), context, id, began);
        let answer = actions::run(&ask, request).await;
        let answer = answer.map_err(|refusal| Problem::of(refusal, caller.rights.may_know_accounts))?;
        let (status, body) = native::encode(&answer);
        Ok((StatusCode::from_u16(status).unwrap_or(StatusCode::OK), body))
    }

    /// The deadline runs from the request's head on, whatever its body took.
    fn ask<'a>(
        &'a self,
        connection: &'a Connection,
        rights: Rights,
        context: Context,
        id: &Arc<str>,
        began: Instant,
    ) -> Ask<'a> {
        let deadline = began.checked_add(connection.deadline).unwrap_or(began);
        let call = Call::new(Arc::clone(id), deadline, clock::now(), Arc::clone(&connection.parameters));
        Ask { connection, call, rights, context, workers: &self.workers, metrics: &self.metrics }
    }
}

/// One log line and one count for each request, by what is safe to say of it; also for one whose client did not wait.
struct Record<'a> {
    api: &'a Api,
    id: &'a str,
    began: Instant,
    seen: Seen,
    told: bool,
}

impl Record<'_> {
    fn tell(&mut self, outcome: Result<&'static str, &Problem>) {
        self.told = true;
        let (took, seen) = (self.began.elapsed(), &self.seen);
        let code = outcome.unwrap_or_else(|problem| problem.code.as_str());
        let action = seen.action.map_or("", Action::as_str);
        let connection = seen.connection.clone().map_or_else(|| Label::from(""), Label);
        let metrics = &self.api.metrics;
        metrics.requests.get_or_create(&RequestLabels { connection, action, code }).inc();
        metrics.request_duration.get_or_create(&ActionLabels { action }).observe(seconds(took));
        // What was not reached is left out of the line.
        let (request_id, caller, connection) = (self.id, seen.caller.as_deref(), seen.connection.as_deref());
        let action = seen.action.map(Action::as_str);
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let why = outcome.err().and_then(|problem| problem.log.as_deref());
        match outcome.err().map_or(Loudness::Info, |problem| problem.code.loudness()) {
            Loudness::Info => {
                tracing::info!(request_id, caller, connection, action, code, ms, why, "request");
            }
            Loudness::Warn => {
                tracing::warn!(request_id, caller, connection, action, code, ms, why, "request");
            }
            Loudness::Error => {
                tracing::error!(request_id, caller, connection, action, code, ms, why, "request");
            }
        }
    }
}

/// Dropped before it was told: the client left, and nobody hears the answer. A read has ended with it; a write goes on.
impl Drop for Record<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.tell(Ok("client_left"));
        }
    }
}

/// The version of the generated scripts that send this request, as they name it; none for other callers.
fn auth0_scripts(headers: &HeaderMap) -> Option<&'static str> {
    let agent = headers.get(USER_AGENT)?.to_str().ok()?;
    let version = agent.strip_prefix("idstore-auth0-scripts/")?;
    // A label takes no text of a caller's.
    Some(if version == "1" { "1" } else { "other" })
}

fn fit(head: &Parts) -> Result<(), Problem> {
    let target = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let bytes = head
        .headers
        .iter()
        .map(|(name, value)| name.as_str().len().saturating_add(value.len()))
        .fold(target, usize::saturating_add);
    if head.headers.len() > HEADERS_MAX || bytes > HEADER_BYTES_MAX {
        return Err(Problem::new(Code::HeadersTooLarge));
    }
    Ok(())
}

fn refuse(id: &str, problem: &Problem) -> Response<Full<Bytes>> {
    let code = problem.code;
    let mut response = respond(id, code.status(), "application/problem+json", &problem.document(id));
    let headers = response.headers_mut();
    if let Some(seconds) = code.retry_after_secs() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if code == Code::CallerUnauthenticated {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if code == Code::MethodNotAllowed {
        headers.insert(ALLOW, HeaderValue::from_static("POST"));
    }
    response
}

fn respond(id: &str, status: StatusCode, media_type: &'static str, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(request_id::HEADER, id);
    }
    response
}
