//! The words by which `spelling` and `address` know what is being said piece by piece, in the
//! languages that Offhook has phrases for. One look-up tells all that a word can be.

use std::sync::LazyLock;

use crate::wording::Word;

/// What a word can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Digits said one by one.
    Digit,
    /// Ten to ninety.
    Tens,
    /// The NATO alphabet.
    Alphabet,
    /// "B for Bob", "B wie Berta".
    Like,
    /// Said between pieces.
    Filler,
    /// After these another piece must come.
    Joint,
    /// A telephone number is announced.
    Phone,
    /// A payment card is.
    Card,
    /// Something of no known length is.
    Code,
    /// Three to five digits are.
    Few,
    /// Letters are.
    Spell,
    /// Numbers of these are said whole.
    Place,
    /// Can stand between what is announced and its pieces.
    Link,
    /// "Is", as before a number.
    Is,
    /// "Call me at".
    Call,
    /// An e-mail address is announced.
    Mail,
    /// Can stand between that and the address.
    MailLink,
    /// "Is", as before an address.
    MailIs,
    /// The sign of an address.
    At,
    /// The dot of an address.
    Dot,
    /// Whose addresses these are.
    Provider,
    /// Ends of addresses that are said as a word; two letters are a country.
    DomainEnd,
    /// What follows "my email is" when it is no address.
    Remark,
    /// A date of birth is announced.
    Birth,
    /// Months.
    Month,
    /// Days of a month.
    Ordinal,
    /// Parts of a year in words.
    Century,
}

const LISTS: [(Kind, &str); 27] = [
    (
        Kind::Digit,
        "zero oh o one two three four five six seven eight nine \
    null eins zwei zwo drei vier fünf sechs sieben acht neun \
    zéro un deux trois quatre cinq sept huit neuf \
    cero uno dos tres cuatro cinco seis siete ocho nueve \
    due tre quattro cinque sei sette otto nove \
    um dois três quatro sete oito \
    nul een één twee vijf zes zeven negen \
    शून्य एक दो तीन चार पांच पाँच छह सात आठ नौ",
    ),
    (
        Kind::Tens,
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen \
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety",
    ),
    (
        Kind::Alphabet,
        "alpha alfa bravo charlie delta echo foxtrot golf hotel india \
    juliet juliett kilo lima mike november oscar papa quebec romeo sierra tango uniform victor \
    whiskey whisky xray yankee zulu",
    ),
    (Kind::Like, "for like wie comme como come als voor"),
    (
        Kind::Filler,
        "and then um uh uhm er erm dash hyphen space plus und et en",
    ),
    (
        Kind::Joint,
        "dash hyphen plus slash underscore dot point double triple",
    ),
    (
        Kind::Phone,
        "phone telephone mobile cell cellphone number telefonnummer \
    handynummer rufnummer nummer telefon numéro téléphone portable número teléfono móvil \
    celular numero telefono cellulare telefone telemóvel telefoonnummer नंबर फोन",
    ),
    (
        Kind::Card,
        "card karte kreditkarte carte tarjeta carta cartão kaart",
    ),
    (
        Kind::Code,
        "code reference confirmation booking reservation order tracking \
    account policy member membership customer license licence plate serial invoice case ticket \
    passport id pin kundennummer bestellnummer buchungsnummer kontonummer kennzeichen código \
    codice référence referencia",
    ),
    (
        Kind::Few,
        "ending endet zip postal postcode postleitzahl plz cvv security",
    ),
    (
        Kind::Spell,
        "spell spelled spelt spelling letters buchstabiert buchstabiere \
    épelle deletreo soletro",
    ),
    (
        Kind::Place,
        "room table house flat apartment gate suite unit floor line bus route \
    exit age flight highway zimmer tisch",
    ),
    (
        Kind::Link,
        "is it's its the are was so yes my um uh number code id at on in me us \
    back ist lautet die der est es è é mein meine mon ma mi mio minha",
    ),
    (Kind::Is, "is it's are at on ist lautet est es è é"),
    (Kind::Call, "call reach text ring"),
    (Kind::Mail, "email mail emails courriel correo mel"),
    (
        Kind::MailLink,
        "address is it's its adresse ist lautet electrónico eletrônico es \
    est è é indirizzo adres",
    ),
    (Kind::MailIs, "is it's its ist lautet es est è é"),
    (Kind::At, "at ät arroba arobase chiocciola apenstaartje"),
    (Kind::Dot, "dot punkt point punto ponto punt"),
    (
        Kind::Provider,
        "gmail googlemail hotmail outlook yahoo icloud gmx proton \
    protonmail aol live msn",
    ),
    (
        Kind::DomainEnd,
        "com org net info edu gov biz online shop dev app cloud",
    ),
    (
        Kind::Remark,
        "the same not wrong right correct on your with a have changed but \
    this that file old new in broken fine already full down still missing",
    ),
    (
        Kind::Birth,
        "birth born birthday dob birthdate geburtsdatum geboren geburtstag \
    naissance née nacimiento nascimento nascita nato nata geboortedatum",
    ),
    (
        Kind::Month,
        "january february march april may june july august september october \
    november december januar februar märz mai juni juli oktober dezember janvier février mars \
    avril juin juillet août septembre octobre novembre décembre enero febrero marzo abril mayo \
    junio julio agosto septiembre octubre noviembre diciembre gennaio febbraio aprile maggio \
    giugno luglio settembre ottobre dicembre janeiro fevereiro março maio junho julho setembro \
    outubro dezembro januari februari maart mei augustus",
    ),
    (
        Kind::Ordinal,
        "first second third fourth fifth sixth seventh eighth ninth tenth \
    eleventh twelfth thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth \
    twentieth thirtieth thirty-first",
    ),
    (Kind::Century, "nineteen thousand"),
];

/// A word with all that it can be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token<'a> {
    pub(crate) word: Word<'a>,
    /// A bit for each kind.
    kinds: u32,
}

impl<'a> Token<'a> {
    /// No word at all.
    pub(crate) const NONE: Self = Self {
        word: Word(""),
        kinds: 0,
    };

    pub(crate) fn new(word: Word<'a>) -> Self {
        let kinds = LEXICON.kinds(word);
        Self { word, kinds }
    }

    pub(crate) fn is_a(self, kind: Kind) -> bool {
        self.kinds & bit(kind) != 0
    }

    pub(crate) fn is(self, lower: &str) -> bool {
        self.word.is(lower)
    }
}

const fn bit(kind: Kind) -> u32 {
    1 << kind as u32
}

/// All words of the lists, each once.
struct Lexicon {
    /// In order.
    words: Vec<(&'static str, u32)>,
    /// Where the words begin whose first byte is so much or more.
    starts: [usize; 257],
}

static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::new);

impl Lexicon {
    fn new() -> Self {
        let listed = LISTS.iter().flat_map(|(kind, list)| {
            let words = list.split_ascii_whitespace();
            words.map(|word| (word, bit(*kind)))
        });
        let mut words: Vec<(&str, u32)> = listed.collect();
        words.sort_unstable();
        words.dedup_by(|next, kept| {
            let is_same = next.0 == kept.0;
            kept.1 |= if is_same { next.1 } else { 0 };
            is_same
        });
        let mut starts = [0; 257];
        for (byte, start) in starts.iter_mut().enumerate() {
            *start = words.partition_point(|(word, _)| usize::from(word.as_bytes()[0]) < byte);
        }
        Self { words, starts }
    }

    fn kinds(&self, word: Word<'_>) -> u32 {
        let Some(first) = word.letters().next() else {
            return 0;
        };
        let mut bytes = [0; 4];
        let byte = usize::from(first.encode_utf8(&mut bytes).as_bytes()[0]);
        let words = &self.words[self.starts[byte]..self.starts[byte + 1]];
        let found = words.binary_search_by(|(known, _)| known.chars().cmp(word.letters()));
        found.map_or(0, |at| words[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_list_is_of_its_kind() {
        for (kind, list) in LISTS {
            for word in list.split_ascii_whitespace() {
                assert!(Token::new(Word(word)).is_a(kind), "{word} {kind:?}");
                assert_eq!(word.to_lowercase(), word);
            }
        }
    }

    #[test]
    fn a_word_can_be_several_things_and_case_makes_no_difference() {
        let word = Token::new(Word("Number"));
        assert!(word.is_a(Kind::Phone) && word.is_a(Kind::Link) && !word.is_a(Kind::Card));
        assert!(Token::new(Word("FÜNF")).is_a(Kind::Digit));
        assert!(!Token::new(Word("table")).is_a(Kind::Digit));
        assert!(!Token::new(Word("zzz")).is_a(Kind::Digit));
    }
}
