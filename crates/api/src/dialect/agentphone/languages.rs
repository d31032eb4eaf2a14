//! The locales that AgentPhone knows.

/// In its own order.
pub(crate) const LANGUAGES: &[&str] = &[
    "af-ZA", "ar-SA", "az-AZ", "bg-BG", "bs-BA", "ca-ES", "cs-CZ", "cy-GB", "da-DK", "de-DE",
    "el-GR", "en-AU", "en-GB", "en-IN", "en-NZ", "en-US", "es-419", "es-ES", "fa-IR", "fi-FI",
    "fil-PH", "fr-CA", "fr-FR", "gl-ES", "he-IL", "hi-IN", "hr-HR", "hu-HU", "hy-AM", "id-ID",
    "is-IS", "it-IT", "ja-JP", "kk-KZ", "kn-IN", "ko-KR", "lt-LT", "lv-LV", "mk-MK", "mr-IN",
    "ms-MY", "ne-NP", "nl-BE", "nl-NL", "no-NO", "pl-PL", "pt-BR", "pt-PT", "ro-RO", "ru-RU",
    "sk-SK", "sl-SI", "sr-RS", "sv-SE", "sw-KE", "ta-IN", "th-TH", "tr-TR", "uk-UA", "ur-IN",
    "vi-VN", "yue-CN", "zh-CN",
];

/// Which of several locales of a language is meant where only the language is known.
const USUAL: [&str; 5] = ["en-US", "es-ES", "fr-FR", "nl-NL", "pt-BR"];

/// The locale of a language tag; `None` where there is none.
pub(crate) fn locale(tag: &str) -> Option<&'static str> {
    let is_meant = |locale: &&&str| {
        let (language, _) = locale.split_once('-').unwrap_or((locale, ""));
        tag.split('-').next() == Some(language)
    };
    LANGUAGES
        .iter()
        .find(|locale| locale.eq_ignore_ascii_case(tag))
        .or_else(|| USUAL.iter().find(is_meant))
        .or_else(|| LANGUAGES.iter().find(is_meant))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_gets_its_usual_locale() {
        assert_eq!(LANGUAGES.len(), 63);
        assert_eq!(locale("en"), Some("en-US"));
        assert_eq!(locale("de-AT"), Some("de-DE"));
        assert_eq!(locale("en-gb"), Some("en-GB"));
        assert_eq!(locale("eo"), None);
    }
}
