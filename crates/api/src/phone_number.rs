//! Telephone numbers as people and carriers write them.

/// Digits of a number with its country's code (ITU-T E.164 allows 15).
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// A number in E.164, such as `+15550100`, from any common way to write one with its country's code:
/// with spaces and signs between, with `00` or nothing for the plus, as `tel:` or the user of a SIP
/// address. `None` for anything else.
pub(crate) fn e164(text: &str) -> Option<String> {
    let text = text.trim();
    let text = ["tel:", "sips:", "sip:"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .unwrap_or(text);
    let user = text.split(['@', ';']).next().unwrap_or_default();
    let mut digits = String::with_capacity(user.len() + 1);
    for (at, character) in user.chars().enumerate() {
        match character {
            '+' if at == 0 => {}
            '0'..='9' => digits.push(character),
            ' ' | '\u{a0}' | '-' | '.' | '(' | ')' | '/' => {}
            _ => return None,
        }
    }
    let digits = digits.strip_prefix("00").unwrap_or(&digits);
    let is_number = DIGITS.contains(&digits.len()) && !digits.starts_with('0');
    is_number.then(|| format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for text in [
            "+15550100111",
            "+1 (555) 010-0111",
            "0015550100111",
            "15550100111",
            "tel:+1-555-010-0111",
            "sip:+15550100111@sip.example;transport=tls",
        ] {
            assert_eq!(e164(text).as_deref(), Some("+15550100111"), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in [
            "",
            "+",
            "anonymous",
            "911",
            "+0155501001",
            "sip:ann@example",
            "+1555010011122233",
            "+1555x0100",
            "١٢٣٤٥٦٧٨٩",
        ] {
            assert_eq!(e164(text), None, "{text}");
        }
    }
}
