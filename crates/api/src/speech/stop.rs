//! Texts at which an answer ends, though they may come in pieces.

/// Passes text on up to the first of some texts.
#[derive(Debug, Clone)]
pub(crate) struct StopAt {
    stops: Vec<String>,
    /// What may be the beginning of one.
    held: String,
    is_over: bool,
}

impl StopAt {
    /// Empty texts end nothing.
    pub(crate) fn new(stops: Vec<String>) -> Self {
        let stops = stops.into_iter().filter(|it| !it.is_empty());
        Self {
            stops: stops.collect(),
            held: String::new(),
            is_over: false,
        }
    }

    /// Whether one of the texts has come.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// More text: what of it, and of what was held, passes.
    pub(crate) fn push(&mut self, text: &str) -> String {
        if self.is_over {
            return String::new();
        }
        self.held.push_str(text);
        let found = self
            .stops
            .iter()
            .filter_map(|stop| self.held.find(stop.as_str()));
        if let Some(at) = found.min() {
            self.is_over = true;
            self.held.truncate(at);
            return std::mem::take(&mut self.held);
        }
        let is_beginning = |at: &usize| {
            let rest = &self.held[*at..];
            self.stops.iter().any(|stop| stop.starts_with(rest))
        };
        let places = self.held.char_indices().map(|(at, _)| at);
        let held = places.filter(is_beginning).min();
        let rest = self.held.split_off(held.unwrap_or(self.held.len()));
        std::mem::replace(&mut self.held, rest)
    }

    /// There is no more text: what was held passes.
    pub(crate) fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_passes_up_to_the_stop_however_it_comes() {
        let mut stop = StopAt::new(vec!["END".into(), String::new()]);
        let passed: String = ["One E", "ND of", " two"]
            .iter()
            .map(|it| stop.push(it))
            .collect();
        assert_eq!(passed + &stop.finish(), "One ");
        assert!(stop.is_over());
        let mut stop = StopAt::new(vec!["END".into()]);
        assert_eq!(stop.push("the EN"), "the ");
        assert_eq!(stop.push("D"), "");
        let mut stop = StopAt::new(vec!["END".into()]);
        assert_eq!(stop.push("the EN"), "the ");
        assert_eq!(stop.push("Ä"), "ENÄ");
        assert_eq!(stop.push("E") + &stop.finish(), "E");
        assert!(!stop.is_over());
    }
}
