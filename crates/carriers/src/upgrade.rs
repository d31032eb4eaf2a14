//! Requests for sockets that Genesys signs (`AudioHook`, "Security"): an HTTP message signature
//! (draft-ietf-httpbis-message-signatures) by a shared secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::{SignatureProblem, Webhook};

const INPUT: &str = "signature-input";
const SIGNATURE: &str = "signature";
const API_KEY: &str = "x-api-key";
/// What has to be signed.
const SIGNED: [&str; 6] = [
    "@request-target",
    "@authority",
    "audiohook-organization-id",
    "audiohook-session-id",
    "audiohook-correlation-id",
    API_KEY,
];
/// How far from now a request may have been signed.
const AGE_MAX_S: i64 = 30;
/// Fewest characters of what makes a signature one of its kind.
const NONCE_MIN: usize = 22;

/// Checks that Genesys, which has the client secret `key` (in base64), asks for a socket. The request's
/// body is not looked at: there is none.
///
/// # Errors
/// [`SignatureProblem`] where it lacks a signature, or has one that does not fit it.
pub fn verify_upgrade(key: &str, request: &Webhook<'_>) -> Result<(), SignatureProblem> {
    let missing = SignatureProblem::Missing(INPUT);
    let input = request.header(INPUT).ok_or(missing.clone())?.trim();
    let (label, input) = input.split_once('=').ok_or(missing.clone())?;
    let list = input.strip_prefix('(').and_then(|it| it.split_once(')'));
    let (components, parameters) = list.ok_or(missing)?;
    let components: Vec<&str> = components
        .split_ascii_whitespace()
        .map(|it| it.trim_matches('"'))
        .collect();
    let is_whole = SIGNED.iter().all(|it| components.contains(it));
    let parameter = |name: &str| {
        let mut found = parameters.split(';').filter_map(|it| it.split_once('='));
        let found = found.find(|(it, _)| it.trim() == name);
        found.map(|(_, value)| value.trim().trim_matches('"'))
    };
    let is_named = parameter("keyid").is_some() && parameter("keyid") == request.header(API_KEY);
    let is_known = parameter("alg").is_none_or(|it| it == "hmac-sha256");
    let is_unique = parameter("nonce").is_some_and(|it| it.len() >= NONCE_MIN);
    if !(is_whole && is_named && is_known && is_unique) {
        return Err(SignatureProblem::Wrong);
    }
    let seconds = |name| parameter(name).and_then(|it| it.parse::<i64>().ok());
    let created_s = seconds("created").unwrap_or_default();
    let is_over = seconds("expires").is_some_and(|it| it < request.now_s);
    if is_over || request.now_s.abs_diff(created_s) > AGE_MAX_S.unsigned_abs() {
        return Err(SignatureProblem::Stale { max_s: AGE_MAX_S });
    }
    let text = signed_text(request, &components, input)?;
    let signature = of_label(request.header(SIGNATURE), label.trim())?;
    let key = STANDARD
        .decode(key.trim())
        .map_err(|_| SignatureProblem::Key)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    hmac::verify(&key, text.as_bytes(), &signature).map_err(|_| SignatureProblem::Wrong)
}

/// A line for each component, then what says which they are.
fn signed_text(
    request: &Webhook<'_>,
    components: &[&str],
    input: &str,
) -> Result<String, SignatureProblem> {
    let address = request.url.split_once("://").map_or("", |(_, rest)| rest);
    let end = address.find(['/', '?']).unwrap_or(address.len());
    let (authority, target) = address.split_at(end);
    let mut lines = Vec::with_capacity(components.len() + 1);
    for name in components {
        let value = match *name {
            "@authority" => authority,
            "@request-target" => target,
            name => request.header(name).ok_or(SignatureProblem::Wrong)?.trim(),
        };
        lines.push(format!("\"{name}\": {value}"));
    }
    lines.push(format!("\"@signature-params\": {input}"));
    Ok(lines.join("\n"))
}

/// The signature of `label=:BASE64:`, of those that stand there.
fn of_label(header: Option<&str>, label: &str) -> Result<Vec<u8>, SignatureProblem> {
    let missing = SignatureProblem::Missing(SIGNATURE);
    let header = header.ok_or(missing.clone())?;
    let mut signatures = header.split(',').filter_map(|it| it.split_once('='));
    let found = signatures.find(|(it, _)| it.trim() == label);
    let signature = found.map(|(_, it)| it.trim().trim_matches(':'));
    let signature = signature.ok_or(missing.clone())?;
    STANDARD.decode(signature).map_err(|_| missing)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of the documentation.
    const SECRET: &str = "TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU=";
    const URL: &str = "https://audiohook.example.com/api/v1/voicebiometrics/ws";
    const NOW_S: i64 = 1_641_013_200;
    const HEADERS: [(&str, &str); 6] = [
        (
            "audiohook-organization-id",
            "d7934305-0972-4844-938e-9060eef73d05",
        ),
        (
            "audiohook-session-id",
            "30b0e395-84d3-4570-ac13-9a62d8f514c0",
        ),
        (
            "audiohook-correlation-id",
            "e160e428-53e2-487c-977d-96989bf5c99d",
        ),
        ("x-api-key", "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh"),
        (
            "signature",
            "sig1=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4=:",
        ),
        (
            "signature-input",
            "sig1=(\"@request-target\" \"@authority\" \"audiohook-organization-id\" \
             \"audiohook-session-id\" \"audiohook-correlation-id\" \"x-api-key\");\
             keyid=\"SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh\";nonce=\"VGhpc0lzQVVuaXF1ZU5vbmNl\";\
             alg=\"hmac-sha256\";created=1641013200;expires=3282026430",
        ),
    ];

    fn verified(url: &str, headers: &[(&str, &str)], now_s: i64) -> Result<(), SignatureProblem> {
        let request = Webhook {
            url,
            headers,
            body: b"",
            now_s,
        };
        verify_upgrade(SECRET, &request)
    }

    #[test]
    fn the_documentation_s_own_example_is_right() {
        assert_eq!(verified(URL, &HEADERS, NOW_S + 20), Ok(()));
    }

    #[test]
    fn whatever_is_changed_is_refused() {
        let wrong = Err(SignatureProblem::Wrong);
        let other = URL.replace("voicebiometrics", "other");
        assert_eq!(verified(&other, &HEADERS, NOW_S), wrong);
        let other = URL.replace("audiohook.", "another.");
        assert_eq!(verified(&other, &HEADERS, NOW_S), wrong);
        let stale = Err(SignatureProblem::Stale { max_s: 30 });
        assert_eq!(verified(URL, &HEADERS, NOW_S + 31), stale);
        for at in 0..HEADERS.len() {
            let mut headers = HEADERS.to_vec();
            let value = headers[at].1.replace(['0', 'G', 'J'], "1");
            headers[at].1 = &value;
            assert!(verified(URL, &headers, NOW_S).is_err(), "{}", HEADERS[at].0);
            headers.remove(at);
            assert!(verified(URL, &headers, NOW_S).is_err(), "{}", HEADERS[at].0);
        }
    }

    proptest! {
        #[test]
        fn no_header_breaks_the_reader(
            input in ".{0,80}|sig1=\\(.{0,40}\\).{0,40}",
            signature in ".{0,40}|sig1=:.{0,20}:",
        ) {
            let mut headers = HEADERS.to_vec();
            headers[4].1 = &signature;
            headers[5].1 = &input;
            prop_assert!(verified(URL, &headers, NOW_S).is_err());
        }
    }
}
