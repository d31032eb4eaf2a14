//! How receivers know that it is this server that writes to them.

use ring::hmac;

/// HMAC-SHA-256 of the parts as one text, in lower-case hex.
pub(crate) fn hmac_sha256(secret: &str, parts: &[&str]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    for part in parts {
        context.update(part.as_bytes());
    }
    let tag = context.sign();
    tag.as_ref().iter().map(|it| format!("{it:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn a_case_of_the_standard_holds() {
        assert_eq!(
            hmac_sha256("Jefe", &["what do ya want ", "for nothing?"]),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
