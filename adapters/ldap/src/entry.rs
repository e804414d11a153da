//! [`Entry`]: what a search found.

/// One entry that a search found.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) dn: String,
    pub(crate) attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl Entry {
    /// The values of an attribute, whatever the case of its name. A value in another language (`;lang-fr`) is one of another
    /// attribute; part of a long list (`;range=0-1499`, Active Directory) and another encoding (`;binary`) are not.
    pub(crate) fn values(&self, attribute: &str) -> impl Iterator<Item = &[u8]> {
        let is_form = |option: &str| option.starts_with("range=") || option == "binary";
        let of = move |(name, _): &&(String, Vec<Vec<u8>>)| {
            let (name, options) = name.split_at_checked(attribute.len()).unwrap_or((name, ""));
            let mut options = options.split(';');
            name.eq_ignore_ascii_case(attribute)
                && options.next().is_some_and(str::is_empty)
                && options.all(|option| is_form(&option.to_ascii_lowercase()))
        };
        self.attributes.iter().filter(of).flat_map(|(_, values)| values.iter().map(Vec::as_slice))
    }

    /// Whether it shows anything of an attribute, in whatever language.
    pub(crate) fn tells(&self, attribute: &str) -> bool {
        let bare = |name: &str| name.split(';').next().unwrap_or_default().to_ascii_lowercase();
        self.attributes.iter().any(|(name, values)| bare(name) == bare(attribute) && !values.is_empty())
    }

    /// Whether the server told only the first values of an attribute: `;range=0-1499` (MS-ADTS 3.1.1.3.1.3.3).
    pub(crate) fn is_cut(&self, attribute: &str) -> bool {
        let cut = |name: &str| {
            let (name, options) = name.split_once(';').unwrap_or((name, ""));
            let last =
                options.strip_prefix("range=").and_then(|range| range.split_once('-')).map(|(_, to)| to);
            name.eq_ignore_ascii_case(attribute) && last.is_some_and(|last| last != "*")
        };
        self.attributes.iter().any(|(name, _)| cut(name))
    }

    /// The bytes of memory that it takes beside its content.
    pub(crate) fn memory(&self) -> usize {
        let values: usize = self.attributes.iter().map(|(_, values)| values.len().saturating_add(2)).sum();
        values.saturating_mul(size_of::<Vec<u8>>())
    }

    /// The first value of an attribute, if it is text.
    pub(crate) fn text(&self, attribute: &str) -> Option<&str> {
        self.values(attribute).next().and_then(|value| std::str::from_utf8(value).ok())
    }
}

/// Shows that there is an entry, and nothing of it.
impl std::fmt::Debug for Entry {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Entry(..)")
    }
}
