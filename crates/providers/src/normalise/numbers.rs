//! Numbers as American English words. Knows nothing of text: callers find the digits and choose
//! the reading.

const UNITS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
];
const SCALES: [(u64, &str); 6] = [
    (1_000_000_000_000_000_000, "quintillion"),
    (1_000_000_000_000_000, "quadrillion"),
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1_000, "thousand"),
];
const IRREGULAR_ORDINALS: [(&str, &str); 7] = [
    ("one", "first"),
    ("two", "second"),
    ("three", "third"),
    ("five", "fifth"),
    ("eight", "eighth"),
    ("nine", "ninth"),
    ("twelve", "twelfth"),
];

/// "one hundred twenty": no "and", no hyphens.
pub(super) fn cardinal(number: u64) -> String {
    let mut words = Vec::new();
    let mut rest = number;
    for (scale, name) in SCALES {
        if rest >= scale {
            push_hundreds(&mut words, rest / scale);
            words.push(name);
            rest %= scale;
        }
    }
    if rest > 0 || words.is_empty() {
        push_hundreds(&mut words, rest);
    }
    words.join(" ")
}

/// "twenty fourth".
pub(super) fn ordinal(number: u64) -> String {
    let said = cardinal(number);
    let (head, last) = said
        .rsplit_once(' ')
        .map_or(("", said.as_str()), |(head, last)| (head, last));
    let last = IRREGULAR_ORDINALS
        .iter()
        .find(|(plain, _)| *plain == last)
        .map(|(_, ordinal)| (*ordinal).to_owned())
        .or_else(|| last.strip_suffix('y').map(|stem| format!("{stem}ieth")))
        .unwrap_or_else(|| format!("{last}th"));
    if head.is_empty() {
        last
    } else {
        format!("{head} {last}")
    }
}

/// "nineteen oh five", "two thousand one", "twenty twenty six".
pub(super) fn year(number: u64) -> String {
    let (century, rest) = (number / 100, number % 100);
    if !(1000..10_000).contains(&number) || (number / 10).is_multiple_of(100) {
        return cardinal(number);
    }
    match rest {
        0 => format!("{} hundred", cardinal(century)),
        1..=9 => format!("{} oh {}", cardinal(century), cardinal(rest)),
        _ => format!("{} {}", cardinal(century), cardinal(rest)),
    }
}

/// Each digit by its name, zero as "oh"; anything else in `text` is passed over.
pub(super) fn digits(text: &str) -> String {
    let names: Vec<&str> = text.chars().filter_map(digit_name).collect();
    names.join(" ")
}

/// A whole or decimal number as written ("1,250", "3.14", ".5", "007"). Whole numbers that no one
/// counts with (a leading zero, over eighteen digits) are read digit by digit.
pub(super) fn number(written: &str) -> String {
    let plain = written.replace(',', "");
    let Some((whole, fraction)) = plain.split_once('.') else {
        return whole_number(&plain);
    };
    let whole = if whole.is_empty() {
        "zero".to_owned()
    } else {
        whole_number(whole)
    };
    if fraction.is_empty() {
        return whole;
    }
    format!("{whole} point {}", digits(fraction).replace("oh", "zero"))
}

/// A number of up to two digits as said after an hour, of a year or a house: "oh five", "thirty".
pub(super) fn pair(number: u64) -> String {
    if number < 10 {
        format!("oh {}", cardinal(number))
    } else {
        cardinal(number)
    }
}

fn whole_number(digits_only: &str) -> String {
    let has_leading_zero = digits_only.len() > 1 && digits_only.starts_with('0');
    match digits_only.parse::<u64>() {
        Ok(value) if !has_leading_zero && digits_only.len() <= 18 => cardinal(value),
        _ => digits(digits_only),
    }
}

fn digit_name(digit: char) -> Option<&'static str> {
    match digit.to_digit(10)? {
        0 => Some("oh"),
        value => UNITS.get(value as usize).copied(),
    }
}

fn push_hundreds(words: &mut Vec<&'static str>, number: u64) {
    let (hundreds, rest) = (number / 100, number % 100);
    if hundreds > 0 {
        push_below_hundred(words, hundreds);
        words.push("hundred");
    }
    if rest > 0 || hundreds == 0 {
        push_below_hundred(words, rest);
    }
}

fn push_below_hundred(words: &mut Vec<&'static str>, number: u64) {
    let number = (number % 100) as usize;
    if let Some(name) = UNITS.get(number) {
        words.push(name);
        return;
    }
    words.push(TENS[number / 10]);
    if !number.is_multiple_of(10) {
        words.push(UNITS[number % 10]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cardinals_of_every_scale() {
        for (value, said) in [
            (0, "zero"),
            (13, "thirteen"),
            (20, "twenty"),
            (120, "one hundred twenty"),
            (1_005, "one thousand five"),
            (12_500, "twelve thousand five hundred"),
            (1_000_000, "one million"),
            (
                u64::MAX,
                "eighteen quintillion four hundred forty six quadrillion seven hundred \
                        forty four trillion seventy three billion seven hundred nine million \
                        five hundred fifty one thousand six hundred fifteen",
            ),
        ] {
            assert_eq!(cardinal(value), said);
        }
    }

    #[test]
    fn ordinals_change_their_last_word_only() {
        for (value, said) in [
            (1, "first"),
            (3, "third"),
            (12, "twelfth"),
            (20, "twentieth"),
            (24, "twenty fourth"),
            (100, "one hundredth"),
            (111, "one hundred eleventh"),
        ] {
            assert_eq!(ordinal(value), said);
        }
    }

    #[test]
    fn years_go_by_pairs_except_around_a_millennium() {
        for (value, said) in [
            (1776, "seventeen seventy six"),
            (1900, "nineteen hundred"),
            (1905, "nineteen oh five"),
            (2000, "two thousand"),
            (2009, "two thousand nine"),
            (2026, "twenty twenty six"),
            (999, "nine hundred ninety nine"),
        ] {
            assert_eq!(year(value), said);
        }
    }

    #[test]
    fn written_numbers() {
        for (written, said) in [
            ("1,250", "one thousand two hundred fifty"),
            ("3.14", "three point one four"),
            (".50", "zero point five zero"),
            ("007", "oh oh seven"),
            (
                "12345678901234567890",
                "one two three four five six seven eight nine oh one two \
                                      three four five six seven eight nine oh",
            ),
        ] {
            assert_eq!(number(written), said);
        }
        assert_eq!(digits("(503) 0142"), "five oh three oh one four two");
    }
}
