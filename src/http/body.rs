//! A request's body: its type, its size and its time.

use super::code::Code;
use super::problem::Problem;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::HeaderMap;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use std::time::Duration;

/// Reads a whole body, or says why not. What is too large by its own account is refused before a byte of it is read.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Incoming,
    bytes_max: usize,
    time: Duration,
) -> Result<Bytes, Problem> {
    if !is_json(headers) {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    let announced = body.size_hint().lower();
    if usize::try_from(announced).map_or(true, |announced| announced > bytes_max) {
        return Err(Problem::new(Code::BodyTooLarge));
    }
    match tokio::time::timeout(time, Limited::new(body, bytes_max).collect()).await {
        Ok(Ok(read)) => Ok(read.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::new(Code::BodyTooLarge)),
        // The client went away or broke the framing: whatever is answered, nobody reads it.
        Ok(Err(_)) => Err(Problem::new(Code::MalformedRequest)),
        Err(_) => Err(Problem::new(Code::RequestTimeout)),
    }
}

/// `application/json`, with whatever parameters; JSON is UTF-8 whatever they say (RFC 8259).
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let media_type = value.to_str().ok().and_then(|value| value.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_is_json() {
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, value.parse().unwrap());
            is_json(&headers)
        };
        assert!(
            with("application/json") && with("Application/JSON; charset=utf-8") && with("application/json;x")
        );
        for other in ["text/plain", "application/jsonx", "application/x-www-form-urlencoded", "", "text/json"]
        {
            assert!(!with(other), "{other}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
