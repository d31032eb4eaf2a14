//! Written and spoken forms, side by side.

use super::*;

/// The spoken form in one line; `|` stands before a letter that is spelled.
fn line(text: &str) -> String {
    let mut out = String::new();
    for spoken in spoken_form(text) {
        match spoken.said {
            Said::Mark(mark) => out.push(match mark {
                Mark::Comma => ',',
                Mark::Dash => '—',
                Mark::Semicolon => ';',
                Mark::Colon => ':',
                Mark::Ellipsis => '…',
                Mark::Period => '.',
                Mark::Exclamation => '!',
                Mark::Question => '?',
            }),
            Said::Word(word) => out.push_str(&format!(" {word}")),
            Said::Letter(letter) => out.push_str(&format!(" |{letter}")),
        }
    }
    out.trim().to_owned()
}

fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(written, said)| line(written) != *said)
        .map(|(written, said)| format!("{written:?}\n   is {}\n not {said}", line(written)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn telephone_numbers() {
    check(&[
        (
            "503-555-0142",
            "five oh three, five five five, oh one four two",
        ),
        (
            "(503) 555-0142",
            "five oh three, five five five, oh one four two",
        ),
        (
            "Call 503.555.0142.",
            "Call five oh three, five five five, oh one four two.",
        ),
        (
            "5035550142",
            "five oh three, five five five, oh one four two",
        ),
        (
            "+1 503 555 0142",
            "plus one, five oh three, five five five, oh one four two",
        ),
        (
            "1-800-555-0199",
            "one, eight hundred, five five five, oh one nine nine",
        ),
        ("555-0142", "five five five, oh one four two"),
        (
            "503-555-0142 ext. 12",
            "five oh three, five five five, oh one four two, extension one two",
        ),
        (
            "+44 20 7946 0958",
            "plus four four, two oh, seven nine four six, oh nine five eight",
        ),
    ]);
}

#[test]
fn money() {
    check(&[
        ("$120", "one hundred twenty dollars"),
        ("$1", "one dollar"),
        (
            "$1,250.50",
            "one thousand two hundred fifty dollars and fifty cents",
        ),
        ("$0.99", "ninety nine cents"),
        ("$3.2 million", "three point two million dollars"),
        ("$5k", "five thousand dollars"),
        ("£10.01", "ten pounds and one penny"),
        ("€20.", "twenty euros."),
        ("20 USD", "twenty dollars"),
        ("$15/hour", "fifteen dollars per hour"),
        ("$50-$100", "fifty to one hundred dollars"),
    ]);
}

#[test]
fn times() {
    check(&[
        ("2:30 PM", "two thirty |P |M"),
        ("at 2:30pm.", "at two thirty |P |M."),
        ("at 2:30 p.m. on Tuesday", "at two thirty |P |M on Tuesday"),
        ("at 9 a.m. Then lunch.", "at nine |A |M. Then lunch."),
        ("9 AM", "nine |A |M"),
        ("10:05", "ten oh five"),
        ("2:00", "two o'clock"),
        ("14:30", "fourteen thirty"),
        ("00:15", "twelve fifteen |A |M"),
        ("9am-5pm", "nine |A |M to five |P |M"),
        ("9:00 AM - 5:30 PM", "nine |A |M to five thirty |P |M"),
        ("9-5", "nine to five"),
        ("09:00-17:00", "nine o'clock to seventeen hundred"),
        ("24/7", "twenty four seven"),
    ]);
}

#[test]
fn dates() {
    check(&[
        ("March 3rd", "March third"),
        ("2026-11-24", "November twenty fourth, twenty twenty six"),
        (
            "2026-11-24T14:30:00Z",
            "November twenty fourth, twenty twenty six at fourteen thirty",
        ),
        ("11/24/2026", "November twenty fourth, twenty twenty six"),
        ("3/4/99", "March fourth, nineteen ninety nine"),
        ("Nov. 24, 2026", "November twenty fourth, twenty twenty six"),
        ("on Tuesday, December 1.", "on Tuesday, December first."),
        ("the 3rd of March", "the third of March"),
        ("3 March 2026", "March third, twenty twenty six"),
        ("May 2026", "May twenty twenty six"),
        ("March 3-5", "March third to fifth"),
        ("Mon-Fri", "Monday to Friday"),
        ("Mon. 9 AM", "Monday nine |A |M"),
        ("in 1999", "in nineteen ninety nine"),
        ("the 1990s", "the nineteen nineties"),
        ("the '80s", "the eighties"),
        ("11/24", "November twenty fourth"),
    ]);
}

#[test]
fn numbers_of_all_kinds() {
    check(&[
        ("21st", "twenty first"),
        ("5%", "five percent"),
        ("12.5 %", "twelve point five percent"),
        ("10-20%", "ten to twenty percent"),
        ("1/2", "one half"),
        ("3/4 cup", "three quarters cup"),
        ("2 1/2", "two and a half"),
        ("1½ hours", "one and a half hours"),
        ("-5", "minus five"),
        ("-5°C", "minus five degrees Celsius"),
        ("72°F", "seventy two degrees Fahrenheit"),
        ("1,234", "one thousand two hundred thirty four"),
        ("3.14", "three point one four"),
        ("version 1.2.3", "version one point two point three"),
        ("#5", "number five"),
        ("No. 7", "number seven"),
        ("COVID-19", "COVID nineteen"),
        ("10-15 minutes", "ten to fifteen minutes"),
        ("5k", "five thousand"),
        ("I have 3, not 4.", "I have three, not four."),
        ("12345678", "one two three four five six seven eight"),
    ]);
}

#[test]
fn measures() {
    check(&[
        ("5 km", "five kilometers"),
        ("1 lb", "one pound"),
        ("500mg", "five hundred milligrams"),
        ("6 ft 2 in.", "six feet two inches"),
        ("30 mins", "thirty minutes"),
        ("60 mph", "sixty miles per hour"),
        ("I have 5 in stock", "I have five in stock"),
    ]);
}

#[test]
fn addresses() {
    check(&[
        ("ava@brightsmile.com", "ava at brightsmile dot com"),
        (
            "j_doe99@mail.co.uk.",
            "|J underscore doe nine nine at mail dot co dot |U |K.",
        ),
        (
            "https://www.example.com/book?x=1",
            "example dot com slash book",
        ),
        ("Visit example.org, please", "Visit example dot org, please"),
        ("412 Maple St.", "four twelve Maple Street."),
        (
            "412 Maple St., Portland",
            "four twelve Maple Street, Portland",
        ),
        ("1200 Oak Ave", "twelve hundred Oak Avenue"),
        (
            "Portland, OR 97201",
            "Portland, Oregon nine seven two oh one",
        ),
        (
            "the zip code is 97201",
            "the zip code is nine seven two oh one",
        ),
        (
            "confirmation number AB12-34",
            "confirmation number |A |B one two, three four",
        ),
        ("order 48213", "order four eight two one three"),
    ]);
}

#[test]
fn abbreviations() {
    check(&[
        ("Dr. Smith", "Doctor Smith"),
        ("Mr. and Mrs. Lee", "Mister and Missus Lee"),
        ("123 Lake Dr.", "one twenty three Lake Drive."),
        ("St. Mary's", "Saint Mary's"),
        (
            "See Dr. Lee on Main St. at noon",
            "See Doctor Lee on Main Street at noon",
        ),
        ("e.g. fillings", "for example, fillings"),
        ("fillings, crowns, etc.", "fillings, crowns, et cetera."),
        ("the U.S. market", "the |U |S market"),
        ("in the U.S.", "in the |U |S."),
        ("approx. 5", "approximately five"),
        ("Acme Inc. is open", "Acme Incorporated is open"),
        ("w/o and w/ it", "without and with it"),
    ]);
}

#[test]
fn symbols_markup_and_emoji() {
    check(&[
        ("**Yes** — sure!", "Yes— sure!"),
        ("Smith & Sons", "Smith and Sons"),
        ("he/she", "he or she"),
        ("~10 people", "about ten people"),
        ("Great! 🎉", "Great!"),
        ("- one\n- two", "one. two"),
        ("Wait... what?!", "Wait… what?"),
        ("“Hello,” she said (quietly).", "Hello, she said, quietly."),
        ("[our site](https://example.com)", "our site"),
        ("don’t", "don't"),
        ("the patients' forms", "the patients' forms"),
        ("check-in", "check-in"),
    ]);
}

#[test]
fn nothing_to_say() {
    check(&[
        ("", ""),
        ("   \n ", ""),
        ("🎉✨", ""),
        ("***", ""),
        ("...", ""),
        ("— , !", ""),
    ]);
}

#[test]
fn every_word_keeps_its_place() {
    let text = "Call **503-555-0142** at 2:30, Zoë.";
    for spoken in spoken_form(text) {
        let source = &text[spoken.source.clone()];
        match &spoken.said {
            Said::Word(word) if word == "Call" || word == "at" => assert_eq!(word, source),
            Said::Word(word) if word == "thirty" => assert_eq!(source, "2:30"),
            Said::Word(word) if word == "Zoë" => assert_eq!(source, "Zoë"),
            Said::Word(word) if word == "three" => assert_eq!(source, "503"),
            _ => {}
        }
    }
    let words = spoken_form(text).len();
    assert_eq!(words, 19, "{}", line(text));
}

#[test]
fn hostile_text_never_panics() {
    let pieces = [
        "é",
        "🎉",
        "0",
        "12",
        "/",
        "-",
        "$",
        ".",
        ",",
        ":",
        "@",
        "(",
        "+1",
        "St.",
        "p.m.",
        "\u{301}",
        "'",
        "[",
        "](",
        "**",
        "\0",
        " ",
        "\n",
        "Dr",
        "°",
        "½",
        "%",
        "999999999999999999999999",
    ];
    for one in pieces {
        for two in pieces {
            for three in pieces {
                let text = format!("{one}{two}{three}");
                for spoken in spoken_form(&text) {
                    assert!(text.get(spoken.source).is_some(), "{text:?}");
                }
            }
        }
    }
}
