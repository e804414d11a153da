//! `demo`: the daemon on an embedded store with known users, served at once, with lines to paste. The store, the
//! configuration and the code are those that an operator would have; only the people are invented.

use super::serve::serve;
use super::{Exit, print, random_word};
use crate::{adapters, config};
use std::fs;
use std::path::{Path, PathBuf};

/// Serve an embedded store with known users at once, and print curl lines that work
///
/// The store is a Django user table in a SQLite file. Nothing is needed but this program, and nothing is left behind
/// unless --folder says so.
#[derive(Debug, clap::Args)]
pub(super) struct Demo {
    /// Where to listen
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Where the admin pages are
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9090")]
    admin: String,
    /// Keep the store and the configuration in this folder, and go on with what is there; else in a temporary one
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

impl Demo {
    pub(super) fn run(self) -> Exit {
        let (folder, temporary) = match self.folder() {
            Ok(folder) => folder,
            Err(error) => {
                print::error(&format!("the demo's folder could not be made: {error}"));
                return Exit::Unavailable;
            }
        };
        let exit = self.serve_in(&folder, temporary);
        if temporary {
            fs::remove_dir_all(&folder).ok();
        }
        exit
    }

    fn folder(&self) -> std::io::Result<(PathBuf, bool)> {
        use std::os::unix::fs::DirBuilderExt as _;
        let (folder, temporary) = match &self.folder {
            Some(folder) => (folder.clone(), false),
            None => (std::env::temp_dir().join(format!("idstore-demo-{}", random_word()?)), true),
        };
        fs::DirBuilder::new().recursive(!temporary).mode(0o700).create(&folder)?;
        Ok((folder, temporary))
    }

    fn serve_in(&self, folder: &Path, temporary: bool) -> Exit {
        let prepared = match self.prepare(folder) {
            Ok(prepared) => prepared,
            Err(why) => {
                print::error(&why);
                return Exit::Unavailable;
            }
        };
        let loaded = match config::load(&prepared.config, std::iter::empty()) {
            Ok(loaded) => loaded,
            Err(report) => {
                print::error(&report.to_string());
                return Exit::Bug;
            }
        };
        let exit = serve(loaded, |address| print::line(&hints(address, &self.admin, &prepared, temporary)));
        if exit == Exit::Unavailable {
            print::error("where an address is in use already, name others with --listen and --admin");
        }
        exit
    }

    /// The store, the token and the configuration, each as a file.
    fn prepare(&self, folder: &Path) -> Result<Prepared, String> {
        let (store, token, config) =
            (folder.join("users.db"), folder.join("token"), folder.join("config.toml"));
        if !store.exists() {
            adapters::create_file("sqlite", &store, include_str!("store.sql"))?;
        }
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        if !token.exists() {
            write_secret(&token, &format!("{}\n", random_word().map_err(failed)?)).map_err(failed)?;
        }
        let text = configuration(&self.listen, &self.admin, &store, &token);
        fs::write(&config, text).map_err(failed)?;
        let token = fs::read_to_string(&token).map_err(failed)?.trim().to_owned();
        Ok(Prepared { config, token })
    }
}

struct Prepared {
    config: PathBuf,
    token: String,
}

fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

fn configuration(listen: &str, admin: &str, store: &Path, token: &Path) -> String {
    // A JSON string is a TOML string too.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let (listen, admin) = (quoted(listen), quoted(admin));
    let (store, token) = (quoted(&store.to_string_lossy()), quoted(&token.to_string_lossy()));
    format!(
        r#"# Made by `idstore-proxy demo`: a Django user table with django-allauth, in a SQLite file.
[server]
listen = {listen}
[admin]
listen = {admin}
[log]
format = "text"
level = "warn"

[callers.demo]
bearer.file = {token}
connections = ["customers"]
may_know_accounts = true
may_verify = true

[stores.sqlite.users]
path = {store}
preset = "django"
preset_options = {{ allauth = true }}
[stores.sqlite.users.passwords]
accept = ["django:pbkdf2_sha256"]
write = "django:pbkdf2_sha256"

[connections.customers]
store = "users"
user_id_prefix = "demo"
"#
    )
}

/// What a newcomer can do now.
fn hints(address: &str, admin: &str, prepared: &Prepared, temporary: bool) -> String {
    let config = prepared.config.display();
    let curl = |action: &str, body: &str| {
        format!(
            "curl -s http://{address}/v1/customers/{action} -w '\\n' -H 'Authorization: Bearer {}' -H 'Content-Type: application/json' \\\n  -d '{body}'",
            prepared.token
        )
    };
    let program = std::env::current_exe()
        .map_or_else(|_| "idstore-proxy".to_owned(), |path| path.display().to_string());
    let rest = if temporary {
        "The store goes when the demo ends; --folder DIR keeps it."
    } else {
        "The store stays."
    };
    format!(
        "idstore-proxy serves a Django user table at http://{address}, four people in it. Paste one of these:\n\n\
         # the right password\n{}\n\n# a wrong one\n{}\n\n# somebody who is barred: told after the right password only\n{}\n\n\
         # who is it?\n{}\n\n# a new user, who can sign in at once\n{}\n\n# the address is proven\n{}\n\n\
         # the same from the shell, explained; the password is demo-Ann-1\n\
         {program} try login ann@example.test --config {config}\n\n\
         # health and metrics\ncurl -s http://{admin}/readyz\ncurl -s http://{admin}/metrics\n\n\
         The configuration is {config}. {rest} Control-C ends it.",
        curl("login", r#"{"identifier": "ann@example.test", "password": "demo-Ann-1"}"#),
        curl("login", r#"{"identifier": "ann@example.test", "password": "demo-Ann-2"}"#),
        curl("login", r#"{"identifier": "carl", "password": "demo-Ann-1"}"#),
        curl("get_user", r#"{"email": "bob@example.test"}"#),
        curl(
            "create",
            r#"{"email": "eve@example.test", "username": "eve", "password": "demo-Eve-1", "given_name": "Eve"}"#
        ),
        curl("verify", r#"{"email": "bob@example.test"}"#),
    )
}
