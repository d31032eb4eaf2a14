//! What is replaced in what was said, and what is left as it is.

use serde_json::json;

use super::*;

fn redaction(asked: &[&str]) -> Redaction {
    let asked = asked.iter().map(|word| json!(word));
    let asked = asked.map(|word| serde_json::from_value(word).unwrap());
    Redaction::new(&asked.collect())
}

fn all() -> Redaction {
    redaction(&[
        "email-address",
        "contact-number",
        "url",
        "dob",
        "date",
        "financial-id",
        "unique-id",
    ])
}

fn check(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(all().apply(text), *expected, "{text}");
    }
}

#[test]
fn addresses_are_found_written_and_said() {
    check(&[
        (
            "It's ann.lee+x@mail.example.co.uk, yes.",
            "It's [EMAIL_ADDRESS], yes.",
        ),
        ("ann dot lee at example dot com", "[EMAIL_ADDRESS]"),
        (
            "Write to jo_9 at g mail dot com please",
            "Write to [EMAIL_ADDRESS] please",
        ),
        ("See https://a.test/b?c=1 now", "See [URL] now"),
        (
            "Go to example.com/help or www.a.test",
            "Go to [URL] or [URL]",
        ),
        ("it is example dot org", "it is [URL]"),
        ("My router is 192.168.0.1.", "My router is [UNIQUE_ID]."),
        (
            "at 00:1B:44:11:3A:B7 or 2001:db8::1",
            "at [UNIQUE_ID] or [UNIQUE_ID]",
        ),
    ]);
}

#[test]
fn telephone_numbers_are_found_in_digits_and_in_words() {
    check(&[
        ("Call +1 (415) 555-0100.", "Call [CONTACT_NUMBER]."),
        (
            "Call (415) 555-0100 or 555.0100!",
            "Call [CONTACT_NUMBER] or [CONTACT_NUMBER]!",
        ),
        ("06.12.34.56.78", "[CONTACT_NUMBER]"),
        (
            "It is four one five, five five five, oh one double oh.",
            "It is [CONTACT_NUMBER].",
        ),
        ("five five five twenty three forty five", "[CONTACT_NUMBER]"),
        ("49 30 1234567", "[CONTACT_NUMBER]"),
    ]);
}

#[test]
fn cards_accounts_and_ids_are_found_by_their_check_digits_or_shape() {
    check(&[
        (
            "4111 1111 1111 1111, 08/27",
            "[FINANCIAL_ID], [FINANCIAL_ID]",
        ),
        (
            "four triple one one one one one one one one one one one one one",
            "[FINANCIAL_ID]",
        ),
        ("DE89 3704 0044 0532 0130 00 OK", "[FINANCIAL_ID] OK"),
        ("GB29NWBK60161331926819", "[FINANCIAL_ID]"),
        ("My social is 078-05-1120.", "My social is [UNIQUE_ID]."),
        ("QQ 12 34 56 C, AB123456C", "QQ 12 34 56 C, [UNIQUE_ID]"),
    ]);
}

#[test]
fn numbers_that_follow_each_other_are_told_apart() {
    check(&[
        (
            "4111 1111 1111 1111, 415 555 0100",
            "[FINANCIAL_ID], [CONTACT_NUMBER]",
        ),
        (
            "415 555 0100, 415 555 0199 or 12",
            "[CONTACT_NUMBER], [CONTACT_NUMBER] or 12",
        ),
        (
            "078-05-1120, 555-0100, 4111-1111-1111-1111",
            "[UNIQUE_ID], [CONTACT_NUMBER], [FINANCIAL_ID]",
        ),
    ]);
}

#[test]
fn dates_are_found_in_digits_and_in_english() {
    check(&[
        (
            "Born on 1980-03-05, 3/5/1980 or 05.03.80.",
            "Born on [DOB], [DOB] or [DOB].",
        ),
        ("March 5th, 1980 and 5 March 1980", "[DOB] and [DOB]"),
        ("the fifth of March nineteen eighty one", "the [DOB]"),
        (
            "Come on March 5th or the 6th of May.",
            "Come on [DATE] or the [DATE].",
        ),
    ]);
}

#[test]
fn what_is_none_of_them_stays() {
    for text in [
        "",
        "I have two cats and 3 dogs, one is 12.",
        "It costs 1,500,000 or 3.50, at 10:30:15 on 5 tables.",
        "Room 4711, order 123456 of one two three.",
        "Meet me at the shop. Come in.",
        "In May we may march.",
        "DE00 3704",
        "Zweiundzwanzig Äpfel, 7 Birnen — über 90 %!",
    ] {
        assert_eq!(all().apply(text), text);
    }
}

#[test]
fn only_what_is_asked_for_is_replaced_by_its_widest_name() {
    let text = "ann@a.test, 4111111111111111, 555-0100, 1980-03-05";
    for (asked, expected) in [
        (
            &["email-address"][..],
            "[EMAIL_ADDRESS], 4111111111111111, 555-0100, 1980-03-05",
        ),
        (
            &["payment-card-number"],
            "ann@a.test, [PAYMENT_CARD_NUMBER], 555-0100, 1980-03-05",
        ),
        (
            &["payment-card-number", "payment-card", "contact-number"],
            "ann@a.test, [PAYMENT_CARD], [CONTACT_NUMBER], 1980-03-05",
        ),
        (&["date"], "ann@a.test, 4111111111111111, 555-0100, [DATE]"),
        (&[], text),
    ] {
        assert_eq!(redaction(asked).apply(text), expected);
    }
}

#[test]
fn texts_within_a_value_are_replaced() {
    let mut value = json!({ "turns": [{ "caller_text": "ann@a.test", "ms": 7 }], "at": null });
    redaction(&["email-address"]).apply_within(&mut value);
    let expected = json!({ "turns": [{ "caller_text": "[EMAIL_ADDRESS]", "ms": 7 }], "at": null });
    assert_eq!(value, expected);
}

#[test]
fn keys_that_the_caller_pressed_are_replaced_where_the_agent_says_so() {
    let agent = |is_redacted| {
        let agent = json!({
            "name": "Ann", "prompt": "Be brief.", "key_input": { "is_redacted": is_redacted },
        });
        offhook_agent::Agent::from_json(&agent.to_string()).unwrap()
    };
    let text = "My code: [keys 12*4#].";
    for (is_redacted, expected) in [(true, "My code: [KEYS]."), (false, text)] {
        let redaction = Redaction::new(&agent(is_redacted).records().redaction);
        assert_eq!(redaction.apply(text), expected);
    }
}
