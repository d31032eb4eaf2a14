//! Forms (`application/x-www-form-urlencoded`), as carriers send them.

/// The fields of a form or of an address's query, in their order; a name may stand there twice.
pub(crate) struct Form(pub(crate) Vec<(String, String)>);

impl Form {
    /// Reads a form. Every text is one; what is not UTF-8 is replaced.
    pub(crate) fn read(text: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(text);
        Self(pairs.into_owned().collect())
    }

    /// Reads what stands behind the `?` of an address.
    pub(crate) fn of_query(url: &str) -> Self {
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        Self::read(query.as_bytes())
    }

    /// The first field of that name that says something.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(field, _)| field == name);
        found
            .find(|(_, value)| !value.is_empty())
            .map(|(_, value)| value.as_str())
    }
}
