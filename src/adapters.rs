//! The registry: the only file that names adapters.
//!
//! An adapter that is added here needs one line in the list below, and its feature and dependency in `Cargo.toml`.

use idstore_contract::{Problem, StoreHandle, Surroundings};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// An adapter that this source knows, whether or not this build has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// Its name, as in `[stores.<adapter>.<name>]`; its feature has the same one.
    pub name: &'static str,
    /// Whether this build has it.
    pub built: bool,
}

/// Writes out, for each adapter, its line in [`ADAPTERS`], its variant of [`AdapterConfig`] and the way to it.
macro_rules! adapters {
    ($($(#[cfg(feature = $feature:literal)])? $variant:ident($name:literal, $package:ident);)*) => {
        /// All adapters, in the order of the documentation.
        pub const ADAPTERS: &[Adapter] =
            &[$(Adapter { name: $name, built: true $(&& cfg!(feature = $feature))? }),*];

        /// The adapter's half of a store's table.
        #[derive(Debug)]
        #[allow(clippy::large_enum_variant, reason = "one for each store, moved twice at start")]
        pub enum AdapterConfig {
            $(
                #[doc = concat!("`[stores.", $name, ".NAME]`.")]
                $(#[cfg(feature = $feature)])?
                $variant($package::Config),
            )*
        }

        /// Reads the adapter's half of a store's table.
        pub fn parse<'de, D: Deserializer<'de>>(adapter: &str, from: D) -> Result<AdapterConfig, D::Error> {
            match adapter {
                $(
                    $(#[cfg(feature = $feature)])?
                    $name => $package::Config::deserialize(from).map(AdapterConfig::$variant),
                )*
                _ => Err(D::Error::custom("this build has no such adapter")),
            }
        }

        impl AdapterConfig {
            /// The adapter's name.
            pub fn adapter(&self) -> &'static str {
                match self {
                    $($(#[cfg(feature = $feature)])? Self::$variant(_) => $name,)*
                }
            }

            /// What the configuration alone shows to be wrong, or worth knowing. No I/O.
            pub fn check(&self, around: &Surroundings) -> Vec<Problem> {
                match self {
                    $($(#[cfg(feature = $feature)])? Self::$variant(config) => config.check(around),)*
                }
            }

            /// The store. It need not be reachable yet.
            pub fn open(self, around: &Surroundings) -> Result<StoreHandle, Vec<Problem>> {
                match self {
                    $($(#[cfg(feature = $feature)])? Self::$variant(config) => $package::open(config, around),)*
                }
            }
        }
    };
}

adapters! {
    Memory("memory", idstore_memory);
    #[cfg(feature = "postgres")] Postgres("postgres", idstore_postgres);
    #[cfg(feature = "mysql")] Mysql("mysql", idstore_mysql);
    #[cfg(feature = "sqlite")] Sqlite("sqlite", idstore_sqlite);
    #[cfg(feature = "ldap")] Ldap("ldap", idstore_ldap);
}

/// Makes the file of an embedded store with what these statements put into it; for `demo`. The error is a sentence.
pub fn create_file(adapter: &str, path: &std::path::Path, statements: &str) -> Result<(), String> {
    match adapter {
        #[cfg(feature = "sqlite")]
        "sqlite" => idstore_sqlite::create_file(path, statements).map_err(|error| error.to_string()),
        _ => Err(format!(
            "this build has no `{adapter}` for {} ({} bytes of statements); rebuild with `--features {adapter}`",
            path.display(),
            statements.len()
        )),
    }
}
