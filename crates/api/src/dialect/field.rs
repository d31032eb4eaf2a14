//! The fields of a dialect as data: where each one is, what it may hold, what it holds where the
//! client says nothing, and what it does. Validation, mapping, echo and the compatibility page all
//! come from these tables.

/// One field of a dialect's agent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    /// Dotted path.
    pub(crate) path: &'static str,
    pub(crate) kind: Kind,
    /// Whether it must be given where its parent is.
    pub(crate) is_required: bool,
    pub(crate) null: Null,
    /// What is shown where the client gave nothing, as JSON text.
    pub(crate) default: Option<&'static str>,
    /// Whether it is kept encrypted.
    pub(crate) is_secret: bool,
    pub(crate) acts: Acts,
}

/// What null means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Null {
    /// It is refused.
    Refused,
    /// A value of its own.
    Kept,
    /// The same as to leave the field out.
    Absent,
}

/// What a field may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Text with a number of characters.
    Text {
        min: usize,
        max: usize,
    },
    /// An `https` address.
    Https {
        max: usize,
    },
    /// A telephone number, `+` and 7 to 15 digits (E.164).
    Telephone,
    /// Text that a program checks: what it should be, and the check.
    Checked {
        what: &'static str,
        is_right: fn(&str) -> bool,
    },
    /// One of these words.
    Word(&'static [&'static str]),
    Number {
        min: f64,
        max: f64,
        /// A value outside the range that is allowed too, for "off".
        off: Option<f64>,
    },
    Whole {
        min: f64,
        max: f64,
        off: Option<f64>,
    },
    Flag,
    /// An object whose fields have entries of their own.
    Section,
    /// An object with names of the client's own.
    Map {
        entries_max: usize,
    },
    List {
        items_max: usize,
        of: Item,
    },
    /// Whatever the client sends.
    Any,
}

/// What a list holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Item {
    Of(&'static Kind),
    Objects(&'static [Field]),
}

/// What a field does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Acts {
    /// As the lens that names it says; a section: by its fields.
    Mapped,
    /// By itself, in words.
    Here(&'static str),
    /// By itself, in words, as a test shows: its file from the root, `::`, its name.
    Shown(&'static str, &'static str),
    /// Kept and shown until this part of the product takes it up.
    Later(&'static str),
}

/// Parts of the product that take up fields.
pub(crate) const TOOLS: Acts = Acts::Later("tools");
pub(crate) const KNOWLEDGE: Acts = Acts::Later("knowledge");
pub(crate) const WORKFLOW: Acts = Acts::Later("workflow");
pub(crate) const TELEPHONY: Acts = Acts::Later("telephony");
pub(crate) const PROVIDERS: Acts = Acts::Later("providers");
pub(crate) const SESSIONS: Acts = Acts::Later("platform sessions");
/// Calls that ring at a number reach its agent.
pub(crate) const CALLED: Acts = Acts::Shown(
    "calls that ring at the number reach its agent",
    "crates/api/tests/incoming.rs::a_number_is_found_in_whichever_dialect_it_was_entered",
);
/// What a call that an agent places is asked for with.
pub(crate) const PLACED: Acts = Acts::Shown(
    "shapes the call that is placed",
    "crates/api/tests/outgoing.rs::every_dialect_places_calls_in_its_own_words",
);
pub(crate) const LISTED: Acts = Acts::Here("shown in lists and answers");

/// A long text that no platform limits.
pub(crate) const LONG: usize = 100_000;

/// A field of a kind.
pub(crate) const fn field(path: &'static str, kind: Kind) -> Field {
    Field {
        path,
        kind,
        is_required: false,
        null: Null::Refused,
        default: None,
        is_secret: false,
        acts: Acts::Mapped,
    }
}

/// Any text.
pub(crate) const fn text(path: &'static str) -> Field {
    field(path, Kind::Text { min: 0, max: LONG })
}

/// An identifier or a name: some text.
pub(crate) const fn name(path: &'static str) -> Field {
    field(path, Kind::Text { min: 1, max: 1_000 })
}

pub(crate) const fn flag(path: &'static str) -> Field {
    field(path, Kind::Flag)
}

pub(crate) const fn word(path: &'static str, words: &'static [&'static str]) -> Field {
    field(path, Kind::Word(words))
}

pub(crate) const fn number(path: &'static str, min: f64, max: f64) -> Field {
    let off = None;
    field(path, Kind::Number { min, max, off })
}

pub(crate) const fn whole(path: &'static str, min: f64, max: f64) -> Field {
    let off = None;
    field(path, Kind::Whole { min, max, off })
}

pub(crate) const fn section(path: &'static str) -> Field {
    field(path, Kind::Section)
}

pub(crate) const fn map(path: &'static str) -> Field {
    field(path, Kind::Map { entries_max: 1_000 })
}

pub(crate) const fn list(path: &'static str, of: &'static Kind) -> Field {
    let of = Item::Of(of);
    field(
        path,
        Kind::List {
            items_max: 1_000,
            of,
        },
    )
}

pub(crate) const fn objects(path: &'static str, fields: &'static [Field]) -> Field {
    let of = Item::Objects(fields);
    field(
        path,
        Kind::List {
            items_max: 1_000,
            of,
        },
    )
}

/// Some text, in lists.
pub(crate) const NAMES: Kind = Kind::Text { min: 1, max: 1_000 };

impl Field {
    pub(crate) const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    pub(crate) const fn or_null(mut self) -> Self {
        self.null = Null::Kept;
        self
    }

    /// Null is allowed, and the same as to leave the field out.
    pub(crate) const fn null_is_absent(mut self) -> Self {
        self.null = Null::Absent;
        self
    }

    pub(crate) const fn default(mut self, json: &'static str) -> Self {
        self.default = Some(json);
        self
    }

    pub(crate) const fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    pub(crate) const fn acts(mut self, acts: Acts) -> Self {
        self.acts = acts;
        self
    }

    /// A number outside the range that is allowed too.
    pub(crate) const fn or_off(mut self, value: f64) -> Self {
        match &mut self.kind {
            Kind::Number { off, .. } | Kind::Whole { off, .. } => *off = Some(value),
            _ => {}
        }
        self
    }

    /// At most so many characters, items or entries.
    pub(crate) const fn at_most(mut self, count: usize) -> Self {
        match &mut self.kind {
            Kind::Text { max, .. } | Kind::Https { max } => *max = count,
            Kind::List { items_max, .. } => *items_max = count,
            Kind::Map { entries_max } => *entries_max = count,
            _ => {}
        }
        self
    }
}
