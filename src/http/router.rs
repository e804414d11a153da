//! The shape of the path: `/v1/{connection}/{action}`, and nothing that only looks like it.

/// The two words of a path; whether they name something is said only to a caller that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route<'p> {
    /// The connection.
    pub(super) connection: &'p str,
    /// The action.
    pub(super) action: &'p str,
}

/// The route of a path, `None` when it has another shape. Nothing is decoded or normalised: names are plain ASCII, so
/// that `%2f`, `;`, `//` and `..` name nothing.
pub(super) fn route(path: &str) -> Option<Route<'_>> {
    let (connection, action) = path.strip_prefix("/v1/")?.split_once('/')?;
    (!connection.is_empty() && !action.is_empty() && !action.contains('/'))
        .then_some(Route { connection, action })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_shape_is_a_route() {
        assert_eq!(route("/v1/a/login"), Some(Route { connection: "a", action: "login" }));
        for path in [
            "/",
            "/v1",
            "/v1/",
            "/v1/a",
            "/v1/a/",
            "/v1//login",
            "/v1/a/login/",
            "/v1/a/b/c",
            "/V1/a/b",
            "//v1/a/b",
        ] {
            assert_eq!(route(path), None, "{path}");
        }
    }
}
