//! Probes: whether the directory serves, and whether it has what the configuration names.

use crate::client::{Client, Search, nothing};
use crate::directory::Directory;
use crate::filter::Filter;
use crate::message::Scope;
use idstore_contract::{Call, Depth, Error, ErrorKind, Problem};
use tokio::time::timeout_at;

impl Client {
    pub(crate) async fn probe(&self, call: &Call, depth: Depth) -> Result<Vec<Problem>, Error> {
        let probing = async {
            match depth {
                Depth::Alive => self.root(call, &["supportedLDAPVersion"]).await.map(|_| Vec::new()),
                Depth::Full => self.probe_fully(call).await,
            }
        };
        timeout_at(call.deadline.into(), probing).await.unwrap_or_else(|_| Err(Error::timeout()))
    }

    /// On a session of its own, so that the service's bind is tried; what is asked then goes over the pool.
    async fn probe_fully(&self, call: &Call) -> Result<Vec<Problem>, Error> {
        self.opener.for_service().await?.close();
        let mut problems = Vec::new();
        let root = self.root(call, &crate::directory::TELLING).await?;
        let found = Directory::of(&root);
        if let Some(configured) = self.plan.directory
            && configured != found
            && found != Directory::Generic
        {
            problems.push(Problem::warning(
                "directory",
                format!("the server seems to be {}, and not {}", found.as_str(), configured.as_str()),
            ));
        }
        if !self.is_there(call, &self.plan.base).await? {
            problems.push(Problem::error("base", "it is not there, or this service may not see it"));
            return Ok(problems);
        }
        if let Some(groups) = &self.plan.groups
            && groups.filter.is_some()
            && !self.is_there(call, &groups.base).await?
        {
            problems.push(Problem::error("groups.base", "it is not there, or this service may not see it"));
        }
        problems.extend(self.unknown_attributes(call).await?);
        Ok(problems)
    }

    /// Whether the service sees an entry of that DN.
    pub(crate) async fn is_there(&self, call: &Call, dn: &str) -> Result<bool, Error> {
        match self.read(call, dn, "objectClass", "1.1").await {
            Ok(found) => Ok(found.is_some()),
            Err(error) if error.kind() == ErrorKind::Misconfigured => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The attributes of the map that the schema does not have. A schema that can't be read says nothing.
    async fn unknown_attributes(&self, call: &Call) -> Result<Vec<Problem>, Error> {
        let root = self.root(call, &["subschemaSubentry"]).await?;
        let Some(subschema) = root.text("subschemaSubentry") else { return Ok(Vec::new()) };
        let schema = match self.read(call, subschema, "objectClass", "attributeTypes").await {
            Ok(Some(schema)) => schema,
            Ok(None) => return Ok(Vec::new()),
            Err(error) if error.kind() == ErrorKind::Misconfigured => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let known: Vec<String> = schema
            .values("attributeTypes")
            .map(|definition| String::from_utf8_lossy(definition).to_ascii_lowercase())
            .collect();
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let has = |name: &str| {
            let quoted = format!("'{}'", name.to_ascii_lowercase());
            known.iter().any(|definition| definition.contains(&quoted))
        };
        let mapped = self.plan.attributes.named();
        let unknown = mapped.into_iter().filter(|(_, name)| !has(name));
        Ok(unknown
            .map(|(key, name)| {
                Problem::error(format!("attributes.{key}"), format!("the directory's schema has no {name}"))
            })
            .collect())
    }

    async fn read(
        &self,
        call: &Call,
        dn: &str,
        present: &str,
        attribute: &str,
    ) -> Result<Option<crate::message::Entry>, Error> {
        let filter = Filter::Present(present.to_owned());
        let search = Search {
            base: dn,
            scope: Scope::Base,
            filter: &filter,
            values: &nothing,
            attributes: &[attribute.to_owned()],
            entries_max: 1,
        };
        Ok(self.search(call, &search).await?.entries.into_iter().next())
    }
}
